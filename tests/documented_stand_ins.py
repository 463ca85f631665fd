"""What stands in for long trainings and for data when the blocks of the documentation are run.

All of it is here: what commands are given less to do, which files they find, and which commands
are not run, with the reason.
"""

import shutil
from pathlib import Path

from documented import ROOT
from pictures import picture, write_parquet

# Values of options; those after a + are added where a command does not have them.
LESS = {
    "search": {"+--trials": "2", "+--epochs": "1", "+--workers": "2", "--hours": "0.02",
               "--train-images": "100", "--reruns": "1", "--per-gpu": "1", "--seed": "0"},
    "train": {"+--set": "epochs=1", "--trial": "1"},
    "experiment": {"+--seeds": "1", "+--epochs": "1", "+--train-images": "100"},
    "export": {"+--int8-loss": "100"},
    "report": {"--reruns": "1"},
    "time": {"+--repeats": "9", "+--rebuilds": "2"},
    "calibrate": {"+--networks": "3"},
}  # fmt: skip

# Words of commands that stand for something of the reader's, or for something that takes long.
WORDS = {
    "parquet:DIR": "parquet:cifar10",
    "imagefolder:DIR": "imagefolder:flowers",
    "resnet18": "(3,8)/2 | basic(3,8)",
    "residual-224": "plain-32",
}

# Commands that a page takes as done.
BEFORE = {
    "docs/deploy.md": "nas-tc search --budget 20M --data parquet:cifar10 --study cifar.db",
    "docs/training.md": "nas-tc search --budget 1M --study results/local/study.db",
}

# Commands that are not run, by how they begin.
NOT_RUN = {
    "pip install": ".ci/run installs it",
    "python -m venv": ".ci/run makes one",
    ".ci/check": "it runs these tests",
    "pytest": "it runs these tests",
    "mkdocs": ".ci/check builds the site",
    "python benchmarks/": "takes minutes to hours; prints the figures of results/",
    "export CUDA_": "needs an NVIDIA GPU",
    "mkdir -p /tmp/mps": "needs an NVIDIA GPU",
    "nvidia-cuda-mps-control": "needs an NVIDIA GPU",
    "echo quit": "needs an NVIDIA GPU",
    'nas-tc search --budget "alexnet*0.6" --json': "its output goes to a file or a program",
    "npm install": "tests/export/test_javascript.py runs what it installs",
    "node": "tests/export/test_javascript.py runs it",
}

# In Python blocks: text, and what is run in its place.
LESS_PYTHON = {
    "n_trials=30": "n_trials=5",
    'nas_tc.search("alexnet*0.6")':
        'nas_tc.search("alexnet*0.6", trials=2, epochs=1, train_images=100, workers=2)',
    'data="imagefolder:flowers", epochs=20': 'data="imagefolder:flowers", epochs=1, trials=2',
}  # fmt: skip

SPACE = """input = [3, 32, 32]
[[stage]]
depth = 1
width = 16
filter = 3
[[stage]]
depth = 1
width = 'x'
filter = 3
"""

TWO_ACTIVATIONS = """from torch import nn

net = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.Tanh(),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10),
)
"""

MODULE = """
import torch

def make():
    return torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.Flatten())
"""


def furnish(folder):
    """Puts the files that commands name into a folder: small ones, made here."""
    for name in ("examples", "search_spaces"):
        shutil.copytree(ROOT / name, folder / name)
    module = (ROOT / "examples" / "my_network.py").read_text()
    (folder / "model.py").write_text(module.replace("Conv2d(1,", "Conv2d(3,"))
    (folder / "net.py").write_text(MODULE)
    for index, kind in enumerate(("daisy", "rose", "tulip")):
        (folder / "flowers" / kind).mkdir(parents=True)
        for number in range(12):
            picture(100 * index + number, (48, 40)).save(folder / f"flowers/{kind}/{number}.png")
    (folder / "cifar10").mkdir()
    tens = [i % 10 for i in range(200)]
    for part, start in (("train", 0), ("test", 1000)):
        write_parquet(folder / "cifar10" / f"{part}.parquet", 200, start=start, labels=tens)
    files = [f"flowers/{kind}/{number}.png" for number in range(12) for kind in ("daisy", "rose")]
    labels = [f"{file},{file.split('/')[1]}" for file in files]
    (folder / "labels.csv").write_text("\n".join(["path,label", *labels]))
    tags = [f"{file},{'red|round' if i % 3 else 'round'}" for i, file in enumerate(files)]
    (folder / "tags.csv").write_text("\n".join(["path,label", *tags]))
    for name in ("photo.png", "1.png"):
        picture(7, (40, 40)).save(folder / name)


def furnish_for(document, folder):
    """Puts the files that one page alone speaks of into its folder."""
    if document == "docs/spaces.md":
        (folder / "mine.toml").write_text(SPACE)
    if document == "docs/experiments.md":
        shipped = ROOT / "nas_tc" / "experiment" / "shipped" / "depth-filter.toml"
        shutil.copy(shipped, folder / "mine.toml")
    if document == "docs/errors.md":
        from handmade_study import make_study

        (folder / "results" / "local").mkdir(parents=True)
        make_study(folder / "results" / "local" / "digits.db")
        (folder / "mixed.py").write_text(TWO_ACTIVATIONS)
        shutil.copytree(folder / "flowers", folder / "broken")
        whole = (folder / "broken/rose/2.png").read_bytes()
        (folder / "broken/rose/2.png").write_bytes(whole[:200])
        shutil.copytree(folder / "flowers/rose", folder / "single/rose")


def with_less(words):
    """The words of a command with less to do."""
    words = [WORDS.get(word, word) if words[1] != "replace" else word for word in words]
    trains = words[0] == "nas-tc" and (words[1] != "experiment" or "--data" in words)
    for option, value in LESS.get(words[1], {}).items() if trains else ():
        name = option.removeprefix("+")
        if name in words:
            words[words.index(name) + 1] = value
        elif option.startswith("+"):
            words += [name, value]
    return words


def reason_not_to_run(text):
    """Why a command is not run; None if it is."""
    return next((why for start, why in NOT_RUN.items() if text.startswith(start)), None)


def names_for(page):
    """The names that the Python blocks of a page take as given."""
    return NAMES.get(page, dict)()


def _for_sampler():
    import numpy as np
    import optuna

    from nas_tc.sampler import BudgetSampler

    distributions = {
        "width": optuna.distributions.CategoricalDistribution([8, 16, 32]),
        "depth": optuna.distributions.IntDistribution(1, 4),
    }

    def cost(settings):
        return settings["width"] ** 2 * settings["depth"] * 9

    def objective(trial):
        width = trial.suggest_categorical("width", [8, 16, 32])
        return 1 / (width * trial.suggest_int("depth", 1, 4))

    return {"numpy": np, "optuna": optuna, "BudgetSampler": BudgetSampler, "cost": cost,
            "distributions": distributions, "objective": objective, "path": _study()}  # fmt: skip


def _study():
    from handmade_study import make_study

    return make_study(Path("study.db")).path


def _exported():
    import sys

    from nas_tc.export import export_trial
    from nas_tc.study import read_study

    record = read_study(_study())
    for folder in (Path.cwd(), Path("mine")):
        export_trial(record, record.front[0], folder, formats=())
    sys.path.insert(0, str(Path.cwd()))  # as for a program that lies there
    return {}


def _for_timing():
    import torch

    from nas_tc.architecture import GAP, Architecture, parse_notation

    architecture = Architecture((3, 16, 16), parse_notation("(3,8)x2"), GAP, 10)
    return {"device": torch.device("cpu"), "architecture": architecture, "cache_folder": None,
            "reference": architecture}  # fmt: skip


NAMES = {
    "docs/deploy.md": _exported,
    "docs/quickstart.md": _exported,
    "docs/search.md": _for_sampler,
    "docs/timing.md": _for_timing,
}
