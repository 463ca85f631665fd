"""Writes a network as the source of a Python file that imports torch alone."""

import inspect
from collections.abc import Iterable, Iterator

import torch
from torch import nn

from nas_tc.architecture import Architecture, Join, Node, format_notation, nest, walk
from nas_tc.module import join_module, layers, modules_of

_CLASSES_SHOWN = 100
_INDENT = "    "
_HELPERS = (
    layers.PointConv2d,
    layers.PyramidPool,
    layers.Residual,
    layers.Branches,
    layers.Excite,
)


def network_source(architecture: Architecture, classes: tuple[str, ...] = ()) -> str:
    """Source of a class `Network` that loads the state_dict of `build(architecture)`.

    Args:
        architecture: Network to write.
        classes: Names of the classes; up to a hundred are written into the file.
    """
    with torch.device("meta"):  # only the settings of the modules are read, so no weights are made
        rows = list(_rows(nest(walk(architecture)), depth=3))
    shape = ", ".join(map(str, architecture.input))
    used = [helper for helper in _HELPERS if any(f"{helper.__name__}(" in row for row in rows)]
    lines = [
        f'"""{format_notation(architecture.stages)}',
        "",
        "A convolutional network found by nas-tc, in He & Sun's notation: (filter size, filters).",
        '"""',
        "",
        "import torch",
        "from torch import Tensor, nn",
    ]
    if layers.PointConv2d in used or layers.PyramidPool in used:
        lines.append("from torch.nn import functional")
    if 0 < len(classes) <= _CLASSES_SHOWN:
        lines += ["", "CLASSES = ("] + [f"    {name!r}," for name in classes] + [")"]
    for helper in (layers.Normalize, *used):
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
        *rows,
        "        )",
        "        # the memory layout of the training: results of other layouts differ by rounding",
        "        self.to(memory_format=torch.channels_last)",
        "",
        "    def forward(self, images: Tensor) -> Tensor:",
        "        return self.layers(self.normalize(images))",
        "",
    ]
    return "\n".join(lines)


def _rows(nodes: Iterable[Node], depth: int) -> Iterator[str]:
    """Lines of code for nodes in a row, each after a comment with its output shape.

    `depth` is the indentation, in steps of four spaces.
    """
    indent = _INDENT * depth
    for node in nodes:
        layer = node.layer if isinstance(node, Join) else node
        yield f"{indent}# {layer.name}: {'x'.join(map(str, layer.output))}"
        if isinstance(node, Join):
            yield from _join_rows(node, depth)
        else:
            yield from (f"{indent}{_code(module)}," for module in modules_of(node))


def _join_rows(join: Join, depth: int) -> Iterator[str]:
    """Lines of code for branches that meet again."""
    indent = _INDENT * depth
    module = join_module(join)
    if isinstance(module, layers.Branches):
        yield f"{indent}Branches(["
        for branch in join.branches:
            yield from _sequential(branch, depth + 1)
        yield f"{indent}]),"
        return
    yield f"{indent}{type(module).__name__}("
    if isinstance(module, layers.Residual):
        for branch in join.branches:
            yield from _sequential(branch, depth + 1)
        yield f"{indent}{_INDENT}{_code(module.activation)},"
    else:
        yield from _rows(join.branches[1], depth + 1)
    yield f"{indent}),"


def _sequential(branch: tuple[Node, ...], depth: int) -> Iterator[str]:
    """Lines of code for one branch."""
    indent = _INDENT * depth
    if not branch:
        yield f"{indent}nn.Sequential(),"
        return
    yield f"{indent}nn.Sequential("
    yield from _rows(branch, depth + 1)
    yield f"{indent}),"


def _code(module: nn.Module) -> str:
    """Python code that constructs a module."""
    name = type(module).__name__
    match module:
        case nn.Conv2d():
            size = module.kernel_size[0]
            options = _options(
                stride=(module.stride[0], 1),
                padding=(module.padding[0], 0),
                dilation=(module.dilation[0], 1),
                groups=(module.groups, 1),
                bias=(module.bias is not None, True),
            )
            kind = name if isinstance(module, layers.PointConv2d) else "nn.Conv2d"
            return f"{kind}({module.in_channels}, {module.out_channels}, {size}{options})"
        case nn.BatchNorm2d():
            return f"nn.BatchNorm2d({module.num_features})"
        case nn.MaxPool2d() | nn.AvgPool2d():
            options = _options(padding=(module.padding, 0), ceil_mode=(module.ceil_mode, False))
            return f"nn.{name}({module.kernel_size}, stride={module.stride}{options})"
        case nn.ReLU() | nn.ReLU6() | nn.SiLU():
            return f"nn.{name}(inplace=True)"
        case layers.PyramidPool():
            bins = ", ".join(map(str, module.bins))
            return f"PyramidPool({bins}, average={module.average})"
    positional = {
        nn.Linear: "in_features, out_features",
        nn.LocalResponseNorm: "size, alpha, beta, k",
        nn.AdaptiveAvgPool2d: "output_size",
        nn.Dropout: "p",
    }.get(type(module), "")
    values = [str(getattr(module, key)) for key in positional.split(", ") if key]
    return f"nn.{name}({', '.join(values)})"


def _options(**values: tuple[object, object]) -> str:
    """Keyword arguments of a call; `values` has the value and the default of each."""
    return "".join(f", {key}={value}" for key, (value, usual) in values.items() if value != usual)
