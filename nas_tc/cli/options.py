"""The arguments and options that several commands have, each written once."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from nas_tc.cli import completion
from nas_tc.cli.report_folder import check_report_folder
from nas_tc.errors import NasTcError


def at_least(least: int) -> Callable[[typer.CallbackParam, int | None], int | None]:
    """What checks a number that an option was given: `typer.Option(callback=at_least(1))`.

    Args:
        least: Least value.

    Raises:
        NasTcError: When it is called with a smaller number.
    """

    def check(option: typer.CallbackParam, value: int | None) -> int | None:
        if value is not None and value < least:
            raise NasTcError(f"{option.opts[0]} must be {least} or more, not {value}")
        return value

    return check


_NETWORK = "network of the zoo (J), the paper's notation, or a JSON file"
_HEAD = "head, gap (global average pooling, one layer) or spp (pyramid pooling, three layers)"
_NORM = "normalisation after each convolution, batch or none"
_HEADS = completion.one_of("gap", "spp")
_NORMS = completion.one_of("batch", "none")
_CLASSES = "Number of classes."
_SHAPE = "Channels, height and width of an image, as in 3x32x32."
_DATA = "digits, parquet:DIR, imagefolder:DIR, npz:FILE, idx:DIR, csv:FILE or hub:NAME"
_TABLE = "Time table, made by nas-tc calibrate"

# A network, and what its notation leaves open. `nas_tc.cli.network` makes the network of them.
Network = Annotated[
    str,
    typer.Argument(help=f"A {_NETWORK}.", show_default=False, autocompletion=completion.networks),
]
NetworkOrStudy = Annotated[
    str,
    typer.Argument(
        help=f"A study file, a {_NETWORK}.",
        show_default=False,
        autocompletion=completion.networks_or_studies,
    ),
]
NetworkOrFactory = Annotated[
    str,
    typer.Argument(
        help=f"A {_NETWORK}; or a factory of any torch module, path/to/file.py:name, which fvcore "
        "counts.",
        show_default=False,
        autocompletion=completion.networks,
    ),
]
Input = Annotated[
    str | None, typer.Option(help=_SHAPE, show_default="its own; 3x224x224 for a notation")
]
Head = Annotated[
    str | None,
    typer.Option(
        help=f"The {_HEAD}.", show_default="its own; spp for a notation", autocompletion=_HEADS
    ),
]
Norm = Annotated[
    str | None,
    typer.Option(
        help=f"The {_NORM}.", show_default="its own; none for a notation", autocompletion=_NORMS
    ),
]
ReferenceHead = Annotated[
    str | None,
    typer.Option(
        help=f"For --reference: {_HEAD}.",
        show_default="its own; spp for a notation",
        autocompletion=_HEADS,
    ),
]
ReferenceNorm = Annotated[
    str | None,
    typer.Option(
        help=f"For --reference: {_NORM}.",
        show_default="its own; none for a notation",
        autocompletion=_NORMS,
    ),
]
Classes = Annotated[
    int | None,
    typer.Option(help=_CLASSES, show_default="its own; 1000 for a notation", callback=at_least(1)),
]

# A known network that is cut to a budget.
FitInput = Annotated[str, typer.Option(help=_SHAPE)]
FitHead = Annotated[str, typer.Option(help=f"The {_HEAD}.", autocompletion=_HEADS)]
FitNorm = Annotated[str, typer.Option(help=f"The {_NORM}.", autocompletion=_NORMS)]

# A search space and its images.
_SPACE = "A shipped space or a TOML file."
Space = Annotated[str, typer.Option(help=_SPACE, autocompletion=completion.spaces)]
SpaceOfSearch = Annotated[
    str | None,
    typer.Option(
        help=_SPACE,
        show_default="plain-32, or with --around the space around the network",
        autocompletion=completion.spaces,
    ),
]
SpaceClasses = Annotated[int, typer.Option(help=_CLASSES, callback=at_least(1))]
ModuleInput = Annotated[
    str | None,
    typer.Option(help=_SHAPE, show_default="32x32, with the channels of the first convolution"),
]
SpaceInput = Annotated[str | None, typer.Option(help=_SHAPE, show_default="the space's")]

# A network of the user's, and the space around it.
Around = Annotated[
    str | None,
    typer.Option(
        help=f"Your network, to find a better one at its cost: a {_NETWORK}; or a torch module, "
        "path/to/file.py:name.",
        show_default=False,
        autocompletion=completion.networks,
    ),
]
Reach = Annotated[
    list[str] | None,
    typer.Option(
        help="A bound of the space around it: depth=0.5..2, width=0.5..2, filter=3,5, stride=no, "
        "pool=no, stage=no. Can be repeated.",
        show_default=False,
    ),
]
AroundInput = Annotated[
    str | None,
    typer.Option(
        help=f"For --around: {_SHAPE[0].lower()}{_SHAPE[1:]}",
        show_default="its own; 32x32 for a notation or a torch module",
    ),
]

# A study.
Study = Annotated[
    Path,
    typer.Argument(help="The study file.", show_default=False, autocompletion=completion.studies),
]
OtherStudy = Annotated[
    Path,
    typer.Argument(
        help="Another study file.", show_default=False, autocompletion=completion.studies
    ),
]
Trial = Annotated[
    int | None, typer.Option(help="Number of a trial of the study.", show_default="the best")
]

# Images.
DataSpec = Annotated[str, typer.Argument(help=f"{_DATA}.", show_default=False)]
Reruns = Annotated[
    int,
    typer.Option(
        help="How often to train the front again, with another seed each time.",
        callback=at_least(0),
    ),
]
Data = Annotated[str, typer.Option(help=f"Images: {_DATA}.")]
DataOfStudy = Annotated[
    str | None, typer.Option(help=f"Images: {_DATA}.", show_default="the study's")
]
DataForShape = Annotated[
    str | None,
    typer.Option(help=f"Images whose shape and classes to take: {_DATA}.", show_default="none"),
]
TrainImages = Annotated[
    int | None, typer.Option(help="Train on so many images only.", show_default="all")
]
MemoryLimit = Annotated[
    str | None,
    typer.Option(
        help="Memory for the images, as in 4GiB; a larger set is read from disk.",
        show_default="30 % of what is free",
    ),
]

# Training.
Recipe = Annotated[
    str,
    typer.Option(
        help="Recipe of the training: quick, full, he-sun-2015 or a TOML file.",
        autocompletion=completion.one_of("quick", "full", "he-sun-2015"),
    ),
]
SetFields = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="A field of the recipe: epochs=90. Can be repeated.",
        show_default=False,
    ),
]
_METRICS = (
    "error, balanced_error, macro_f1_error, worst_class_error or top5_error; of several labels: "
    "map_error, subset_error, hamming_error or macro_f1_error"
)
_METRIC_NAMES = completion.one_of(*dict.fromkeys(re.findall(r"\w+_error|^error", _METRICS)))
Metric = Annotated[
    str | None,
    typer.Option(
        help=f"What networks are judged by: {_METRICS}.",
        show_default="error, or map_error of several labels",
        autocompletion=_METRIC_NAMES,
    ),
]
MetricOfStudy = Annotated[
    str | None,
    typer.Option(
        help=f"What the network is judged by: {_METRICS}.",
        show_default="the study's, or as for a search",
        autocompletion=_METRIC_NAMES,
    ),
]
Seed = Annotated[int, typer.Option(help="Seed for everything that is drawn at random.")]
Device = Annotated[
    str,
    typer.Option(
        help="auto, cpu or cuda.", autocompletion=completion.one_of("auto", "cpu", "cuda")
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        help="Processes that train.", show_default="one a core or GPU", callback=at_least(1)
    ),
]
PerGpu = Annotated[int, typer.Option(help="Networks that share one GPU.", callback=at_least(1))]
RayAddress = Annotated[
    str | None, typer.Option(help="A running Ray cluster to join.", show_default="none")
]
AllFiles = Annotated[
    Path | None, typer.Option(help="Folder for all files.", show_default="in results/local/")
]
ReportFolder = Annotated[
    Path | None,
    typer.Option(
        help="Folder for the report: report.html, CSV tables, pictures and manifest.json.",
        show_default="beside the study",
        callback=check_report_folder,
    ),
]

# Time.
Batch = Annotated[int, typer.Option(help="Images in a batch.", callback=at_least(1))]
Dtype = Annotated[
    str,
    typer.Option(
        help="Data type of weights and maps: fp32, bf16 (torch) or int8 (onnxruntime).",
        autocompletion=completion.one_of("fp32", "bf16", "int8"),
    ),
]
Runtime = Annotated[
    str,
    typer.Option(
        help="Program that runs the network: torch or onnxruntime.",
        autocompletion=completion.one_of("torch", "onnxruntime"),
    ),
]
TrainStep = Annotated[
    bool,
    typer.Option("--train-step", "--training", help="Time training steps, not forward passes."),
]
TimeTable = Annotated[
    Path | None,
    typer.Option(
        help=f"{_TABLE}, to predict times with.", show_default="this device's, if there is one"
    ),
]
TimeTableOfDevice = Annotated[
    Path | None,
    typer.Option(
        help=f"{_TABLE}: keep limits on time for its device, by prediction.",
        show_default="times are measured here",
    ),
]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
JsonAtEnd = Annotated[
    bool, typer.Option("--json", help="Print JSON in the end; progress goes to standard error.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors alone.")]
