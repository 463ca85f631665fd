"""A network as a Python file that imports torch alone."""

import inspect
import json
from collections.abc import Iterator

import torch
from torch import nn

from nas_tc.architecture import Architecture, Layer, format_notation, walk
from nas_tc.module import layers, modules_of

_CLASSES_SHOWN = 100


def network_source(architecture: Architecture, classes: tuple[str, ...] = ()) -> str:
    """The source of a module `Network` whose state_dict is that of `build(architecture)`.

    Args:
        architecture: the network.
        classes: names of the classes, written down where there are at most a hundred.
    """
    walked = walk(architecture)
    shape = ", ".join(map(str, architecture.input))
    helpers: list[type[nn.Module]] = [layers.Normalize]
    if any("PyramidPool" in code for layer in walked for code in _codes(layer)):
        helpers.append(layers.PyramidPool)
    lines = [
        f'"""{format_notation(architecture.stages)}',
        "",
        "A convolutional network found by nas-tc, in He & Sun's notation: (filter size, filters).",
        '"""',
        "",
        "import torch",
        "from torch import Tensor, nn",
    ]
    if layers.PyramidPool in helpers:
        lines.append("from torch.nn import functional")
    if 0 < len(classes) <= _CLASSES_SHOWN:
        lines += ["", "CLASSES = ("] + [f"    {json.dumps(name)}," for name in classes] + [")"]
    for helper in helpers:
        lines += ["", "", inspect.getsource(helper).rstrip()]
    lines += [
        "",
        "",
        "class Network(nn.Module):",
        f'    """Takes images (n, {shape}), float in 0 to 1; gives scores (n, '
        f'{architecture.classes})."""',
        "",
        "    def __init__(self) -> None:",
        "        super().__init__()",
        f"        self.normalize = Normalize({architecture.input[0]})",
        "        self.layers = nn.Sequential(",
    ]
    for layer in walked:
        lines.append(f"            # {layer.name}: {'x'.join(map(str, layer.output))}")
        lines += [f"            {code}," for code in _codes(layer)]
    lines += [
        "        )",
        "        # the layout in memory that it was trained in: other layouts round otherwise",
        "        self.to(memory_format=torch.channels_last)",
        "",
        "    def forward(self, images: Tensor) -> Tensor:",
        "        return self.layers(self.normalize(images))",
        "",
    ]
    return "\n".join(lines)


def _codes(layer: Layer) -> Iterator[str]:
    with torch.device("meta"):  # the modules are only looked at
        for module in modules_of(layer):
            yield _code(module)


def _code(module: nn.Module) -> str:
    """The call that makes such a module."""
    match module:
        case nn.Conv2d():
            optional = [
                f", stride={module.stride[0]}" if module.stride[0] > 1 else "",
                f", padding={module.padding[0]}" if module.padding[0] else "",
                ", bias=False" if module.bias is None else "",
            ]
            size = module.kernel_size[0]
            return (
                f"nn.Conv2d({module.in_channels}, {module.out_channels}, {size}{''.join(optional)})"
            )
        case nn.BatchNorm2d():
            return f"nn.BatchNorm2d({module.num_features})"
        case nn.MaxPool2d():
            return f"nn.MaxPool2d({module.kernel_size}, stride={module.stride})"
        case nn.Linear():
            return f"nn.Linear({module.in_features}, {module.out_features})"
        case nn.AdaptiveAvgPool2d():
            return f"nn.AdaptiveAvgPool2d({module.output_size})"
        case nn.ReLU():
            return "nn.ReLU(inplace=True)"
        case nn.Dropout():
            return f"nn.Dropout({module.p})"
        case nn.Flatten():
            return "nn.Flatten()"
        case layers.PyramidPool():
            sides = ", ".join(map(str, module.sides))
            return f"PyramidPool({sides}, average={module.average})"
    raise AssertionError(f"no source for {module}")
