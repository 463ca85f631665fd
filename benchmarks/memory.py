"""Peak memory of real forward passes and training steps beside the formula.

    python benchmarks/memory.py [--batch 8] [--json]

Each network of the zoo runs on the CPU in float32 under torch's profiler, whose record of every
allocation gives the peak. Parameters, optimizer state and images exist before the record begins,
and are added by their own sizes. Prints a table; its last line is JSON.
"""

import argparse
import json
import warnings

import torch
from torch.profiler import ProfilerActivity, profile

from nas_tc.cost.memory import inference_bytes, training_memory
from nas_tc.module import Network
from nas_tc.zoo import ZOO

NAMES = (
    "A",
    "J",
    "alexnet",
    "cnn-f",
    "vgg16",
    "googlenet",
    "resnet18",
    "resnet50",
    "mobilenetv2",
    "efficientnet-b0",
    "lenet5",
    "alexnet-grouped",
)


def peak_bytes(run) -> int:
    """Most bytes that torch held at once during `run`, above what it held before."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        run()
    held = peak = 0
    events = recorded.profiler.kineto_results.events()
    for event in sorted(
        (each for each in events if each.name() == "[memory]"), key=lambda each: each.start_ns()
    ):
        held += event.nbytes()
        peak = max(peak, held)
    return peak


def measure(name: str, batch: int) -> dict[str, float]:
    architecture = ZOO[name].architecture
    network = Network(architecture).to(memory_format=torch.channels_last)
    images = torch.rand(batch, *architecture.input).to(memory_format=torch.channels_last)
    labels = torch.randint(architecture.classes, (batch,))
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-4, momentum=0.9)
    own = 4 * sum(each.numel() for each in network.parameters()) + 4 * images.numel()

    def forward() -> None:
        with torch.no_grad():
            network(images)

    def step() -> None:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(images), labels).backward()
        optimizer.step()

    network.eval()
    forward()
    measured_forward = own + peak_bytes(forward)
    network.train()
    step()  # the momentum exists from the second step on
    optimizer.zero_grad()
    state = 4 * sum(each.numel() for each in network.parameters())
    measured_step = own + state + peak_bytes(step)
    memory = training_memory(architecture, batch, "momentum")
    return {
        "forward": measured_forward,
        "forward_formula": inference_bytes(architecture, batch),
        "step": measured_step,
        "step_formula": memory.peak_bytes,
        "step_sum": memory.total_bytes,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("names", nargs="*", default=NAMES)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"CPU, float32, SGD with momentum, {options.batch} images; MB = 10^6 bytes")
    print("| network | forward, measured | formula | ratio | step, measured | formula | ratio |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    found = {}
    for name in options.names:
        each = found[name] = measure(name, options.batch)
        forward = each["forward_formula"] / each["forward"]
        step = each["step_formula"] / each["step"]
        print(
            f"| {name} | {each['forward'] / 1e6:,.1f} | {each['forward_formula'] / 1e6:,.1f} | "
            f"{forward:.3f} | {each['step'] / 1e6:,.1f} | {each['step_formula'] / 1e6:,.1f} | "
            f"{step:.3f} |",
            flush=True,
        )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
