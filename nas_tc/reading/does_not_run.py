"""A user's module that does not run on some images: whether, and how that is said."""

import torch
from torch import Tensor, nn

from nas_tc.architecture import Shape
from nas_tc.errors import ArchitectureError, reason

_SET_IMAGES = "; set its images with --input"
_ABOUT_IMAGES = (RuntimeError, ValueError, AssertionError, IndexError)


def runs(module: nn.Module, images: Tensor) -> bool:
    """Whether a module runs when it is not traced.

    Args:
        module: Module in evaluation mode.
        images: A batch of images of its type.

    Raises:
        KeyboardInterrupt: The user ends it.
    """
    try:
        with torch.no_grad():
            module(images.clone())
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - whatever others' code raises
        return False
    return True


class DoesNotRunError(ArchitectureError):
    """A module does not run on images of some shape."""

    def on_images_of(self, shape: Shape | None) -> ArchitectureError:
        """The error with a shape that the module does run on; None: there is none.

        Args:
            shape: Channels, height and width of such images.
        """
        if shape is None or not str(self).endswith(_SET_IMAGES):
            return self
        text = "x".join(map(str, shape))
        return ArchitectureError(f"{self} {text}, on which it runs")


def does_not_run(input: Shape, error: BaseException, place: str = "") -> DoesNotRunError:
    """The error for a module that fails on images.

    Args:
        input: Channels, height and width of the images.
        error: What it raised.
        place: Path of the innermost module that ran.
    """
    shape = "x".join(map(str, input))
    is_about_images = isinstance(error, _ABOUT_IMAGES)
    return DoesNotRunError(
        f"the module does not run on images of {shape}: {type(error).__name__}"
        f"{f' in {place}' if place else ''}: {reason(error)}"
        + (_SET_IMAGES if is_about_images else "; it must run as module(images)")
    )
