"""Class weights and balanced batches where half of the digits are rare: the errors of each.

    python benchmarks/rare_classes.py --images 8 --epochs 12

Digits 5 to 9 keep `--images` training images each; the test images are all there. A line for each
way to train: mean and standard deviation over the seeds, in %.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

import numpy as np

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.data import ImageData, load_data
from nas_tc.metric import Metric
from nas_tc.recipe import load_recipe
from nas_tc.training import settle_on_core, train_fully

NETWORK = "(3,24)/2+(3,24) | 2/2 | (3,48)x2"
METRICS = (Metric.ERROR, Metric.BALANCED_ERROR, Metric.MACRO_F1_ERROR, Metric.WORST_CLASS_ERROR)
WAYS = ({}, {"class_weights": "balanced"}, {"batches": "balanced"})


def with_rare_classes(data: ImageData, images: int) -> ImageData:
    """The data with so many training images of each class from 5 on."""
    order = np.random.default_rng(0).permutation(len(data.train))
    labels = data.train.labels[order]
    kept = [
        order[labels == label][: None if label < 5 else images]
        for label in range(len(data.classes))
    ]
    return replace(data, train=data.train.take(np.sort(np.concatenate(kept))))


def main() -> None:
    """Trains with each way, optimizer and seed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=8, help="of each rare class")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    settle_on_core()
    data = with_rare_classes(load_data("digits"), options.images)
    print("training images of each class:", *np.bincount(data.train.labels))
    network = Architecture(data.shape, parse_notation(NETWORK), GAP, len(data.classes))
    for optimizer in ("muon", "sgd"):
        for way in WAYS:
            recipe = load_recipe("quick", epochs=options.epochs, optimizer=optimizer, **way)
            found = []
            for seed in range(options.seeds):
                with tempfile.TemporaryDirectory() as folder:
                    trained = train_fully(network, data, recipe, Path(folder), seed=seed)
                found.append(trained.single_view.confusion)
            name = next(iter(way), "neither")
            values = {each.words: [100 * each.of(one) for one in found] for each in METRICS}
            figures = ", ".join(
                f"{words} {mean(each):.2f} ± {stdev(each):.2f}" for words, each in values.items()
            )
            print(f"{optimizer}, {name}: {figures}", flush=True)


if __name__ == "__main__":
    main()
