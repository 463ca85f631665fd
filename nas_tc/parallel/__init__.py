"""Who trains together? One network on several GPUs or nodes, through Ray Train."""

from nas_tc.parallel.finish import finish_together

__all__ = ["finish_together"]
