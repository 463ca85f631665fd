"""What everything that reads input is fed with: good examples, changed at random places.

Each target reads an input as a command would, and uses what it has read. It may raise our own
errors and no others.
"""

import copy
import io
import json
import math
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from PIL import Image

from damage import ODD, places, record_in_memory, replaced
from nas_tc.architecture import Architecture, format_notation, parse_block, parse_notation
from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import network_cost
from nas_tc.data import load_data
from nas_tc.data.pixels import Conversion, grey_extremes, mode_of, read_pixels
from nas_tc.errors import NasTcError
from nas_tc.experiment.read import parse_experiment
from nas_tc.recipe import load_recipe, parse_fields
from nas_tc.report.tables import front_table, trials_table
from nas_tc.report.write import manifest
from nas_tc.space import extreme_network, parse_space
from nas_tc.study.files import study_url
from nas_tc.zoo import ZOO

COMPAT = Path(__file__).parent / "compat" / "v0_1"
ROOT = Path(__file__).parents[1]
PLAIN = """
0 1 -1 1e308 1e-400 nan inf x / | + * ( ) [ ] @ .. <= , ; = ' " true none # {} % M
depth width p lrn ceil avg ms [[stage]]
"""
WORDS = (*PLAIN.split(), "9" * 20, "\\", "\n", "\t", "\0", "\x7f", "é", "\u202e", "𝟛", "²", " ")


@dataclass(frozen=True)
class Target:
    """Something that reads input.

    Attributes:
        seeds: Good inputs.
        change: Changes an input; takes a `random.Random`.
        read: Reads an input and uses it.
    """

    seeds: Callable[[], list[Any]]
    change: Callable[[Any, Any], Any]
    read: Callable[[Any], object]


def changed_text(text, random):
    """A text with words taken out, put in, doubled or swapped at some places."""
    for _ in range(random.choice((1, 1, 2, 4))):
        start = random.randrange(len(text) + 1)
        end = min(len(text), start + random.choice((0, 1, 1, 2, 5, 20)))
        new = random.choice((*WORDS, text[start:end] * 2, text[start:end] * 50, ""))
        text = text[:start] + new + text[end:]
    return text


def changed_bytes(content, random):
    """Bytes with some of them replaced, put in or cut off."""
    content = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 8))):
        at = random.randrange(len(content) + 1)
        match random.randrange(5):
            case 0:
                content[at : at + 1] = bytes([random.randrange(256)])
            case 1:
                content[at : at + 4] = random.choice((b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff"))
            case 2:
                del content[at : at + random.choice((1, 4, 100))]
            case 3:
                content[at:at] = content[at : at + random.choice((1, 4, 100))]
            case _:
                del content[max(16, at) :]
    return bytes(content)


def changed_value(value, random):
    """A JSON value with something odd in it."""
    for _ in range(random.choice((1, 1, 2))):
        place = random.choice(list(places(value)))
        value = replaced(value, place, random.choice((*ODD, ...)))
    return value


def read_budget(text):
    return str(resolve_budget(parse_budget(text), (3, 32, 32), 10))


def read_notation(text):
    stages = parse_notation(text)
    assert parse_notation(format_notation(stages)) == stages
    network = Architecture((3, 224, 224), stages, ZOO["alexnet"].architecture.head, 10)
    return network_cost(network).complexity


def read_space(text):
    space = parse_space(text, "fuzzed", "fuzzed.toml")
    return space.settings, extreme_network(space, "cheapest"), extreme_network(space, "costliest")


def read_recipe(text):
    with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        return load_recipe(file.name).rungs[-1]


def read_architecture(text):
    network = Architecture.from_json(text)
    return network_cost(network).params, network.id


def read_image(content):
    shape = (3, 8, 8)
    mode_of(content), grey_extremes(content, "image")
    return read_pixels(content, "image", shape, Conversion())


def read_arrays(content):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "images.npz"
        file.write_bytes(content)
        return load_data(f"npz:{file}", side=(8, 8)).checksum


def read_labels(text):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "labels.csv"
        file.write_text(text, encoding="utf-8", errors="surrogatepass")
        for name in "abcdef":
            Image.new("L", (8, 8)).save(Path(folder) / f"{name}.png")
        return load_data(f"csv:{file}", side=(8, 8)).checksum


def read_study_values(contents):
    attributes, trials = contents
    record = record_in_memory(attributes, trials)
    front_table(record)
    trials_table(record)
    return json.dumps(manifest(record))


def changed_study(contents, random):
    attributes, trials = dict(contents[0]), list(contents[1])
    if random.random() < 0.5:
        key = random.choice(sorted(attributes))
        attributes[key] = changed_value(attributes[key], random)
        return attributes, trials
    number = random.randrange(len(trials))
    trial = trials[number] = copy.copy(trials[number])
    which = random.choice(("_user_attrs", "_params", "_system_attrs", "errors"))
    if which == "errors":
        trial.intermediate_values = {random.choice((-1, 1, 2)): random.choice((0.5, 2.0, math.nan))}
    elif values := getattr(trial, which):
        key = random.choice(sorted(values))
        setattr(trial, which, {**values, key: changed_value(values[key], random)})
    return attributes, trials


def kept_studies():
    """All that the kept studies hold, in memory."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name in ("study.db", "timed.db"):
            path = Path(shutil.copy(COMPAT / name, folder))
            storage = optuna.storages.RDBStorage(study_url(path))
            study = optuna.load_study(study_name="nas-tc", storage=storage)
            found.append((study.user_attrs, study.get_trials()))
            storage.engine.dispose()
    return found


def images():
    """A small image in each common format."""
    noise = np.random.default_rng(0).integers(0, 256, (12, 9, 3), dtype=np.uint8)
    found = []
    for format, mode in (
        ("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("JPEG", "RGB"), ("JPEG", "L"), ("GIF", "P"),
        ("BMP", "RGB"), ("TIFF", "RGB"), ("WEBP", "RGB"), ("PPM", "L"), ("ICO", "RGB"),
        ("TGA", "RGB"),
    ):  # fmt: skip
        file = io.BytesIO()
        Image.fromarray(noise).convert(mode).save(file, format)
        found.append(file.getvalue())
    return found


def arrays():
    file = io.BytesIO()
    pixels = np.zeros((12, 8, 8), np.uint8)
    labels = np.arange(12) % 2
    np.savez(file, x_train=pixels, y_train=labels, x_test=pixels, y_test=labels)
    return [file.getvalue()]


def texts(*patterns):
    return [
        file.read_text(encoding="utf-8")
        for pattern in patterns
        for file in sorted(ROOT.glob(pattern))
    ]


BUDGETS = [
    "alexnet*0.6", "120M", "complexity in 100M..120M, params<=5M", "latency<=alexnet@64*0.6",
    "train_memory<=2GiB@b128", "J'@224*0.5", "memory<=5MB, params<=1M",
]  # fmt: skip
NOTATIONS = [
    "(7,64)/2 | 3/3 | (2,128)x4 | 2/2 | (2,256)x4 | 3/3 | (2,2304)+(2,256)",
    "(11,96)/4p2 lrn | 3/2ceil | basic(3,64)x2 | avg2/2 | inverted[6,se=4](5,40)/2",
]
BLOCKS = [
    "inverted[6,se=4]",
    "bottleneck[reduction=4]",
    "plain[groups=2,nin]",
    "inception[1,2,3,4,5,6]",
]
FIELDS = ["epochs=90", "augment=crop,flip", "learning_rate=0.1", "drops=1,2", "optimizer='sgd'"]
RECIPE = 'base = "full"\nepochs = 3\ndrops = [1]\n'
LABELS = ["file_name,label,split\na.png,x,train\nb.png,y,train\nc.png,x,test\nd.png,y,test\n"]

TARGETS = {
    "budget": Target(lambda: BUDGETS, changed_text, read_budget),
    "notation": Target(lambda: NOTATIONS, changed_text, read_notation),
    "block": Target(lambda: BLOCKS, changed_text, parse_block),
    "space": Target(lambda: texts("search_spaces/*.toml"), changed_text, read_space),
    "recipe": Target(lambda: [RECIPE], changed_text, read_recipe),
    "fields": Target(lambda: FIELDS, changed_text, lambda text: parse_fields([text])),
    "architecture": Target(
        lambda: [each.architecture.to_json() for each in list(ZOO.values())[::6]],
        changed_text,
        read_architecture,
    ),
    "architecture values": Target(
        lambda: [each.architecture.to_dict() for each in list(ZOO.values())[::6]],
        changed_value,
        lambda values: network_cost(Architecture.from_dict(values)).params,
    ),
    "study": Target(kept_studies, changed_study, read_study_values),
    "experiment": Target(
        lambda: texts("nas_tc/experiment/shipped/*.toml")[:4],
        changed_text,
        lambda text: parse_experiment(text, "fuzzed", "fuzzed.toml"),
    ),
    "image": Target(images, changed_bytes, read_image),
    "npz": Target(arrays, changed_bytes, read_arrays),
    "labels": Target(lambda: LABELS, changed_text, read_labels),
}  # fmt: skip


def fed(target, value):
    """Feeds a target; returns whether it took the input. Only our own errors are caught."""
    try:
        target.read(value)
    except NasTcError as error:
        if "\n" in str(error):
            raise AssertionError(f"an error of several lines: {error!r}") from None
        return False
    return True
