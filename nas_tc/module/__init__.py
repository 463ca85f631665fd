"""The shape walk as a `torch.nn.Module`."""

from nas_tc.module.build import Network, build, join_module, modules_of

__all__ = ["Network", "build", "join_module", "modules_of"]
