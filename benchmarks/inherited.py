"""Weights that a plain network takes over from another one, across replacements.

Stages are matched by their place, layers by their place in the stage. A layer that has become wider
repeats filters and shares out the weights behind them, so that the network computes the same (Chen,
Goodfellow & Shlens, "Net2Net", 2016, section 2.2); one that has become narrower keeps the filters
with the largest weights. A larger filter is the smaller one with zeros around it, a smaller one its
middle. A layer that is new behind others is the identity (section 2.3), as far as a batch
normalisation lets it be. What changes between stages, strides and poolings, has no weights.
"""

import torch
from torch import Tensor, nn

from nas_tc.architecture import Architecture

# Copies of a filter get the same gradients for ever if nothing tells them apart.
_NOISE = 0.02


def take_over(child: nn.Module, parent: nn.Module, of: Architecture, source: Architecture) -> None:
    """Puts the weights of a trained network into a fresh one, as far as they fit.

    Args:
        child: Fresh network, changed in place.
        parent: Trained network.
        of: Architecture of the child: plain convolutions with batch normalisation, pooled globally.
        source: Architecture of the parent, of the same kind.
    """
    random = torch.Generator().manual_seed(0)
    old, new = _layers(parent, source), _layers(child, of)
    kept = torch.arange(of.input[0])  # for each channel of the child's map, the parent's
    shares = torch.ones(len(kept))  # by which the weights behind a repeated channel are divided
    with torch.no_grad():
        for stage in range(len(of.stages)):
            row = old[stage] if stage < len(old) else []
            for place, (conv, norm) in enumerate(new[stage]):
                if place >= len(row):  # a layer of its own: the identity
                    kept, shares = _identity(conv, norm, kept, random)
                    continue
                trained, trained_norm = row[place]
                weight = trained.weight[:, kept] / shares.view(1, -1, 1, 1)
                chosen, shares = _channels(trained.weight, conv.out_channels, random)
                weight = _resized(weight[chosen], conv.kernel_size[0])
                noise = torch.randn(weight.shape, generator=random) * weight.std() * _NOISE
                conv.weight.copy_(weight + noise)
                for name in ("weight", "bias", "running_mean", "running_var"):
                    getattr(norm, name).copy_(getattr(trained_norm, name)[chosen])
                kept = chosen
            if len(row) > len(new[stage]):
                # What the parent's next layer reads was made by layers that are gone.
                kept, shares = _channels(None, len(kept), random, row[-1][0].out_channels)
        if len(old) > len(new):
            width = old[-1][-1][0].out_channels
            kept, shares = _channels(None, len(kept), random, width)
        (head,), (trained_head,) = _of_type(child, nn.Linear), _of_type(parent, nn.Linear)
        head.weight.copy_(trained_head.weight[:, kept] / shares)
        head.bias.copy_(trained_head.bias)


def _layers(module: nn.Module, architecture: Architecture) -> list[list]:
    """Pairs of a convolution and its normalisation, stage by stage."""
    pairs = list(zip(_of_type(module, nn.Conv2d), _of_type(module, nn.BatchNorm2d), strict=True))
    found = [[pairs.pop(0) for _ in range(stage.depth)] for stage in architecture.stages]
    assert not pairs, "a plain network has one convolution a layer"
    return found


def _of_type(module: nn.Module, kind: type) -> list:
    return [each for each in module.modules() if isinstance(each, kind)]


def _channels(
    weight: Tensor | None, wanted: int, random: torch.Generator, width: int = 0
) -> tuple[Tensor, Tensor]:
    """Which channel of the parent each of the child's is, and how often each is there."""
    width = width if weight is None else len(weight)
    if wanted <= width:
        size = torch.arange(width, 0, -1) if weight is None else weight.abs().sum((1, 2, 3))
        return size.topk(wanted).indices.sort().values, torch.ones(wanted)
    more = torch.randint(width, (wanted - width,), generator=random)
    chosen = torch.cat([torch.arange(width), more])
    return chosen, chosen.bincount(minlength=width)[chosen].float()


def _resized(weight: Tensor, side: int) -> Tensor:
    """Filters of another side: with zeros around them, or their middle."""
    before = weight.shape[-1]
    if side < before:
        first = (before - side) // 2
        return weight[:, :, first : first + side, first : first + side]
    first = (side - before) // 2
    after = side - before - first
    return nn.functional.pad(weight, (first, after, first, after))


def _identity(
    conv: nn.Conv2d, norm: nn.BatchNorm2d, kept: Tensor, random: torch.Generator
) -> tuple[Tensor, Tensor]:
    """A layer that passes its channels on; what it repeats of them counts as repeated."""
    fresh = conv.weight.std()
    conv.weight.normal_(std=float(fresh) * _NOISE, generator=random)
    into = conv.out_channels
    middle = (conv.kernel_size[0] - 1) // 2
    which = torch.arange(into) % conv.in_channels
    conv.weight[torch.arange(into), which, middle, middle] += 1.0
    for name, value in (
        ("weight", 1.0),
        ("bias", 0.0),
        ("running_mean", 0.0),
        ("running_var", 1.0),
    ):
        getattr(norm, name).fill_(value)
    chosen = kept[which]
    width = int(chosen.max()) + 1
    return chosen, chosen.bincount(minlength=width)[chosen].float()
