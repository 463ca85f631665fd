"""How good is it? The training loop, full training, the error."""

from nas_tc._heap import take_huge_pages
from nas_tc.training.batches import Images, images_on, with_colours
from nas_tc.training.checkpoint import CHECKPOINT
from nas_tc.training.colour import principal_colours
from nas_tc.training.device import (
    autocast_dtype,
    choose_device,
    gpu_names,
    settle_on_core,
)
from nas_tc.training.device_errors import device_is_lost, ran_out
from nas_tc.training.evaluate import confusion_of, error_rate
from nas_tc.training.full_training import FullTraining, run_epochs, train_fully
from nas_tc.training.memory import (
    OutOfMemoryError,
    check_fits,
    keep_to_part,
    out_of_memory,
)
from nas_tc.training.shard import Shard, check_shard
from nas_tc.training.step import StepContext
from nas_tc.training.train import DivergedError, Rung, Training, climb, train
from nas_tc.training.views import ViewErrors, error_of_views

__all__ = [
    "CHECKPOINT",
    "DivergedError",
    "FullTraining",
    "Images",
    "OutOfMemoryError",
    "Rung",
    "Shard",
    "StepContext",
    "Training",
    "ViewErrors",
    "autocast_dtype",
    "check_fits",
    "check_shard",
    "choose_device",
    "climb",
    "confusion_of",
    "device_is_lost",
    "error_of_views",
    "error_rate",
    "gpu_names",
    "images_on",
    "keep_to_part",
    "out_of_memory",
    "principal_colours",
    "ran_out",
    "run_epochs",
    "settle_on_core",
    "take_huge_pages",
    "train",
    "train_fully",
    "with_colours",
]
