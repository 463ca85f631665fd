"""Who trains together? One network on several GPUs or nodes, through Ray Train."""

from nas_tc.parallel.full_training import train_in_parallel

__all__ = ["train_in_parallel"]
