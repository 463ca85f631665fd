"""The shape walk as a `torch.nn.Module`."""

from nas_tc.module.build import Network, build, modules_of

__all__ = ["Network", "build", "modules_of"]
