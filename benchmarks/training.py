"""Training speed against the plain PyTorch loop and against the matrix product, on this machine.

    python benchmarks/training.py --data parquet:DIR           # the whole table, about 8 minutes
    python benchmarks/training.py --data parquet:DIR --quick   # under two minutes

Ours: one process a core, one thread each, all at once, their rates added, with the memory that a
search gives its workers. Plain: one process that has all cores and two loader workers
(benchmarks/plain_loop.py). The matrix product: 2048 x 2048 in the type that training uses here
(bfloat16, or float32 on a processor without bfloat16 instructions), one process a core, all at
once. Each is the median of three rounds. The last line is JSON. Without --data the digits that
scikit-learn ships are taken, in colour and at 32x32: speeds are comparable, errors are not.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

NETWORKS = {  # of the space plain-32: three near alexnet*0.6 at 32x32 (6,200,236), three near 20M
    "6M, wide start": "(3,32) | 2/2 | (2,64)/2+(2,64)+(2,48) | (2,48)x2+(2,96)",
    "6M, narrow start": "(3,8)x2 | 2/2 | (2,64)/2+(2,48) | 2/1 | (3,48)x3+(3,64)",
    "6M, large filters": "(5,24) | 2/2 | (5,24)/2+(5,64) | 2/1 | (3,32)/2+(3,32)x2+(3,64)",
    "20M, 3x3": "(3,32) | 2/2 | (3,64)x2 | 2/2 | (3,96)",
    "20M, wide end": "(3,32) | (3,16)/2+(3,16)+(3,64) | (3,192)/2+(3,64)",
    "20M, narrow start": "(3,8)x3 | 2/2 | (3,96)+(3,32) | 2/2 | (3,48)x5+(3,96)",
}
QUICK = ("6M, wide start", "20M, 3x3")
ROUNDS = 3
SHARE = "20M, 3x3"  # the network of 3x3 layers whose share of the matrix product is the headline


def build_network(name, data, seed, *, normalised):
    from nas_tc.architecture import GAP, Architecture, parse_notation
    from nas_tc.module import build

    stages = parse_notation(NETWORKS[name])
    architecture = Architecture(data.shape, stages, GAP, len(data.classes))
    mean, std = data.moments if normalised else ((), ())
    return architecture, build(architecture, mean=mean, std=std, seed=seed)


def training_flops(architecture):
    """Operations for one image: forwards once, backwards twice, but no gradient of the image."""
    from nas_tc.architecture import walk_convs

    convs = [conv.complexity for conv in walk_convs(architecture)]
    return 2 * (3 * sum(convs) - convs[0])


def training_dtype():
    """The type that training multiplies in on this processor: bfloat16 only where it is fast."""
    import torch

    from nas_tc.training.device import autocast_dtype

    return str(autocast_dtype(torch.device("cpu"))).removeprefix("torch.")


def gemm_worker(dtype, barrier, results):
    import torch

    torch.set_num_threads(1)
    x = torch.randn(2048, 2048).to(getattr(torch, dtype))
    started = time.perf_counter()
    x @ x
    # About a second a round, whatever the processor and the type.
    products = max(1, min(20, round(1 / (time.perf_counter() - started))))
    x @ x
    for turn in range(ROUNDS):
        barrier.wait()
        started = time.perf_counter()
        for _ in range(products):
            x @ x
        results.put((turn, products * 2 * 2048**3 / (time.perf_counter() - started)))


def speed_worker(name, data, recipe, barrier, results):
    import torch

    from nas_tc.training import Images, settle_on_core, take_huge_pages, train

    settle_on_core()
    take_huge_pages()
    training = Images(torch.tensor(data.train.images), torch.tensor(data.train.labels))
    _, network = build_network(name, data, 0, normalised=True)
    few = Images(training.pixels[: 8 * 64], training.labels[: 8 * 64])
    for _ in train(network, few, few, replace(recipe, epochs=1), seed=0):
        pass
    images = recipe.epochs * (len(training) // recipe.batch_size) * recipe.batch_size
    for turn in range(ROUNDS):
        barrier.wait()
        *_, rung = train(network, training, few, recipe, seed=0)
        results.put((turn, images / rung.train_s))


def memory_of_workers():
    """The allocator that a search gives its workers, as an environment."""
    import ray

    from nas_tc._ray import FAST_MEMORY

    library = Path(ray.__file__).parent / "core" / "libjemalloc.so"  # as Ray chooses it
    return {**FAST_MEMORY, "LD_PRELOAD": str(library)} if library.exists() else {}


def at_once(target, *args, variables=()):
    """The sum of what `target` measures in one process a core, in the median round."""
    from nas_tc._ray import environment_with

    context = multiprocessing.get_context("spawn")
    cores = len(os.sched_getaffinity(0))
    barrier, results = context.Barrier(cores), context.Queue()
    workers = [context.Process(target=target, args=(*args, barrier, results)) for _ in range(cores)]
    with environment_with(dict(variables)):
        for worker in workers:
            worker.start()
    totals = [0.0] * ROUNDS
    try:
        for _ in range(ROUNDS * cores):
            turn, value = results.get(timeout=120)
            totals[turn] += value
        for worker in workers:
            worker.join()
    finally:  # a worker that died leaves the others waiting at the barrier
        for worker in workers:
            worker.kill()
    return statistics.median(totals)


def accuracy_worker(job):
    """One training on one core: how fast either loop is does not change what it learns."""
    import torch

    kind, name, data, recipe, seed = job
    torch.set_num_threads(1)
    _, network = build_network(name, data, seed, normalised=kind == "ours")
    if kind == "plain":
        from plain_loop import train_plainly

        _, error = train_plainly(network, data, recipe, seed, evaluate=True, loaders=0)
        return kind, name, error
    from nas_tc.training import Images, settle_on_core, take_huge_pages, train

    settle_on_core()
    take_huge_pages()
    training, validation = (
        Images(torch.tensor(split.images), torch.tensor(split.labels))
        for split in (data.train, data.validation)
    )
    *_, rung = train(network, training, validation, recipe, seed=seed)
    return kind, name, rung.val_error


def plain_rate(name, data, recipe):
    from plain_loop import train_plainly

    _, network = build_network(name, data, 0, normalised=False)
    few = data.with_fewer(max(len(data.classes), 2 * recipe.batch_size))
    train_plainly(network, few, replace(recipe, epochs=1), 0, evaluate=False)
    rounds = [train_plainly(network, data, recipe, 0, evaluate=False)[0] for _ in range(ROUNDS)]
    return statistics.median(rounds)


def load(spec, images):
    from nas_tc.data import Split, load_data

    data = load_data(spec, side=(32, 32))
    if data.shape[0] == 1:  # the digits are grey; the networks are measured on colour
        splits = (
            Split(np.repeat(split.images, 3, axis=3), split.labels)
            for split in (data.train, data.validation, data.test)
        )
        data = replace(data, **dict(zip(("train", "validation", "test"), splits, strict=True)))
    return data.with_fewer(min(images, len(data.train)))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", default="digits")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--accuracy-images", type=int, default=4000)
    parser.add_argument("--accuracy-epochs", type=int, default=4)
    parser.add_argument("--skip", choices=("speed", "accuracy"))
    parser.add_argument("--out", type=Path, help="folder for training.json")
    args = parser.parse_args()

    from nas_tc.recipe import Recipe

    started = time.time()
    data = load(args.data, 3200)
    print(data.summary(), f"(loaded in {time.time() - started:.1f} s)", flush=True)
    found = {"data": data.name, "cores": len(os.sched_getaffinity(0)), "networks": {}}
    if args.skip != "speed":
        found |= speeds(data, QUICK if args.quick else tuple(NETWORKS))
    if args.skip != "accuracy" and not args.quick:
        small = load(args.data, args.accuracy_images)
        recipe = Recipe(epochs=args.accuracy_epochs, augment=("crop", "flip"))
        found["accuracy"] = accuracies(small, recipe, args.seeds)
    elif args.quick:
        print("accuracy: not measured with --quick", flush=True)
    found["seconds"] = round(time.time() - started)
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        manifest = {"command": "python " + " ".join(sys.argv), **environment(), **found}
        (args.out / "training.json").write_text(json.dumps(manifest, indent=2) + "\n")
    print(json.dumps(found))


def environment():
    from nas_tc.study.environment import environment as versions

    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return {"commit": commit.stdout.strip(), **versions()}


def speeds(data, names):
    from nas_tc.recipe import Recipe

    dtype = training_dtype()
    gemm = at_once(gemm_worker, dtype)
    print(f"{dtype} matrix product: {gemm / 1e9:.0f} GFLOP/s on all cores", flush=True)
    networks = {}
    for name in names:
        architecture, _ = build_network(name, data, 0, normalised=True)
        recipe = Recipe(epochs=1, augment=("crop", "flip"))
        ours = at_once(speed_worker, name, data, recipe, variables=memory_of_workers())
        plain = plain_rate(name, data.with_fewer(min(1600, len(data.train))), Recipe(epochs=1))
        share = ours * training_flops(architecture) / gemm
        networks[name] = {
            "network": NETWORKS[name],
            "images_per_s": round(ours),
            "plain_images_per_s": round(plain),
            "gemm_share": round(share, 3),
        }
        print(f"{name}: {ours:.0f} images/s, plain {plain:.0f}: {ours / plain:.1f} times; "
              f"{share:.0%} of the matrix product; {NETWORKS[name]}", flush=True)  # fmt: skip
    return {
        "images_per_s": round(mean_rate(networks, "images_per_s")),
        "plain_images_per_s": round(mean_rate(networks, "plain_images_per_s")),
        "gemm_share": networks[SHARE]["gemm_share"],
        "gemm_gflops": round(gemm / 1e9),
        "gemm_dtype": dtype,
        "networks": networks,
    }


def mean_rate(networks, key):
    """The geometric mean over the networks."""
    return statistics.geometric_mean(each[key] for each in networks.values())


def accuracies(data, recipe, seeds):
    """Validation errors of both loops, on the networks of --quick, over the seeds."""
    context = multiprocessing.get_context("spawn")
    jobs = [
        (kind, name, data, recipe, seed)
        for kind in ("ours", "plain")
        for name in QUICK
        for seed in range(seeds)
    ]
    errors = {}
    with context.Pool(len(os.sched_getaffinity(0))) as pool:
        for kind, name, error in pool.imap_unordered(accuracy_worker, jobs):
            errors.setdefault(name, {}).setdefault(kind, []).append(error)
    for name, each in errors.items():
        texts = [
            f"{kind} {statistics.mean(values):.2%} (sd {statistics.stdev(values):.2%})"
            for kind, values in each.items()
            if len(values) > 1
        ]
        print(f"{name}: validation error after {recipe.epochs} epochs of {len(data.train)} images, "
              f"{seeds} seeds: {', '.join(texts)}", flush=True)  # fmt: skip
    return {"epochs": recipe.epochs, "train_images": len(data.train), "errors": errors}


if __name__ == "__main__":
    main()
