"""Traces a module with `torch.fx`, with the value of every step beside it.

Shapes are known while the forward pass runs, so code that asks for them (`x.view(x.size(0), -1)`,
`if x.shape[1] == 3`) runs as it does in use. What asks for the pixels' values is refused.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn

from nas_tc.architecture import Shape
from nas_tc.errors import ArchitectureError, reason
from nas_tc.reading.does_not_run import does_not_run, runs
from nas_tc.reading.operations import refusal

BATCH = 2  # images; a view that takes the batch for something else shows
_PREFIX = "module."

# Methods whose result depends on shape and type alone.
_OF_SHAPE = frozenset(("size", "dim", "ndimension", "numel", "nelement", "stride", "is_contiguous"))
_LAYERS: tuple[Any, ...] = (nn.Conv2d, nn.Linear, nn.BatchNorm2d)
_OF_VALUES = "one path for every image, with torch's own layers"


@dataclass(frozen=True)
class Traced:
    """A forward pass, node by node.

    Attributes:
        nodes: What the scores depend on, in the order of the pass; the first is the images.
        values: Value of each node for `BATCH` images.
        root: The module that ran, and the names of the nodes' targets within it.
    """

    nodes: tuple[fx.Node, ...]
    values: dict[fx.Node, Any]
    root: nn.Module

    @property
    def images(self) -> fx.Node:
        """The node of the images."""
        return self.nodes[0]

    @property
    def scores(self) -> fx.Node:
        """The node of the module's output."""
        return self.nodes[-1]

    def module(self, node: fx.Node) -> nn.Module:
        """The leaf module that a node calls."""
        return self.root.get_submodule(str(node.target))

    def where(self, node: fx.Node) -> str:
        """Path and kind of a node, for an error message: "layer1.0 (add)"."""
        if node.op == "call_module":
            path = str(node.target).removeprefix(_PREFIX)
            kind = type(self.module(node)).__name__
            return f"{path} ({kind})" if path != "module" else kind
        kind = getattr(node.target, "__name__", str(node.target))
        path = _path(node.meta.get("nn_module_stack"))
        return f"{path} ({kind})" if path else f"{kind} in the module's forward"


def trace(module: nn.Module, input: Shape, dtype: torch.dtype) -> Traced:
    """The forward pass of a module on random images.

    Args:
        module: Module in evaluation mode, all of its weights of `dtype`.
        input: Channels, height and width of the images.
        dtype: Data type of the images.

    Raises:
        ArchitectureError: The module does not run on such images, or its path depends on their
            values. The message names the place.
    """
    generator = torch.Generator().manual_seed(0)
    images = torch.rand((BATCH, *input), generator=generator, dtype=dtype)
    tracer = _Tracer(images)
    try:
        with torch.no_grad():
            graph = tracer.trace(_OneInput(module))
    except KeyboardInterrupt:
        raise
    except _RefusedError as error:
        raise ArchitectureError(str(error)) from None
    except BaseException as error:  # noqa: BLE001 - whatever others' code raises
        place = _path(tracer.module_stack)
        if runs(module, images):
            raise refusal(
                place or "the module's forward",
                f"torch.fx cannot trace it ({type(error).__name__}: {reason(error)})",
                "write it in Python, with torch's own layers and functions",
            ) from None
        if runs(module, images[:1]):
            raise refusal(
                place or "the module's forward",
                f"it takes one image at a time ({type(error).__name__}: {reason(error)})",
                "keep the batch as it is, as in x.view(x.size(0), -1)",
            ) from None
        raise does_not_run(input, error, place) from None
    output = next(node for node in graph.nodes if node.op == "output").args[0]
    if not isinstance(output, fx.Node) or not isinstance(tracer.values.get(output), Tensor):
        kind = _name(output) if isinstance(output, fx.Node) else type(output).__name__
        raise refusal(
            "the module's forward",
            f"it returns a value of type {kind.removeprefix('immutable_')}",
            "a classifier returns one tensor of scores",
        )
    return Traced(tuple(_needed(graph, output)), tracer.values, tracer.root)


class _RefusedError(Exception):
    """Raised within the user's forward pass; it must not look like an error of that code."""


class _OneInput(nn.Module):
    """Calls the module with images alone, so that its other arguments keep their defaults."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, images: Tensor) -> Any:
        return self.module(images)


class _Value(fx.Proxy):
    """A proxy that knows its shape and type."""

    tracer: "_Tracer"

    def __getattr__(self, name: str) -> Any:
        value = self.tracer.values[self.node]
        known = getattr(value, name)  # raises what the tensor would raise
        if callable(known) or isinstance(known, Tensor):
            return super().__getattr__(name)
        return known

    def __len__(self) -> int:
        return len(self.tracer.values[self.node])

    def __format__(self, format_spec: str) -> str:
        """Text for a person, which the network does not depend on."""
        return format(self.tracer.values[self.node], format_spec)

    def __int__(self) -> int:
        raise self.tracer.of_values("a number is read from the image")

    __float__ = __index__ = __complex__ = __int__


class _Tracer(fx.Tracer):
    """Runs each node as it is traced."""

    def __init__(self, images: Tensor) -> None:
        super().__init__(param_shapes_constant=True)
        self.images = images
        self.values: dict[fx.Node, Any] = {}
        self._equal: set[nn.Module] = set()  # layers of the user's that compute what torch's do
        self._made: list[nn.Module] = []  # by the forward pass
        self._computes = False  # whether a layer runs in earnest, which fx must not record

    def call_module(
        self,
        m: nn.Module,
        forward: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """Records a call, or runs it."""
        if self._computes:
            return forward(*args, **kwargs)
        if isinstance(m, _LAYERS) and not self._is_torchs(m):
            self._note_equal(m, forward, args)
        return super().call_module(m, forward, args, kwargs)

    def path_of_module(self, mod: nn.Module) -> str:
        """The path of a module; one that the forward pass makes, as nn.ReLU()(x), gets one."""
        try:
            return super().path_of_module(mod)
        except NameError:
            kind = type(mod).__name__
            known = set(map(id, self.root.parameters()))  # of which a slice of a Sequential is made
            if any(id(each) not in known for each in mod.parameters()):
                met = f"it calls a layer with weights that is no part of the module ({kind})"
                raise _RefusedError(
                    str(
                        refusal(
                            _path(self.module_stack) or "forward",
                            met,
                            "make it in __init__ as self.name, or in an nn.ModuleList",
                        )
                    )
                ) from None
        name = f"made in forward {len(self._made) + 1}"
        self._made.append(mod)  # keeps it, so that no other gets its id
        self.root.add_module(name, mod)
        self.submodule_paths = {**(self.submodule_paths or {}), mod: name}
        return name

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        """A parameter as a proxy, or as itself for a layer that runs."""
        if self._computes:
            return attr_val
        return super().getattr(attr, attr_val, parameter_proxy_cache)

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:  # noqa: ARG002
        """Torch's own layers, and the user's layers that compute what torch's do."""
        if isinstance(m, nn.Sequential | nn.ModuleList):
            return False
        return m in self._equal or self._is_torchs(m)

    @staticmethod
    def _is_torchs(m: nn.Module) -> bool:
        """Whether the forward pass is torch's own."""
        bases: list[Any] = [
            each for each in type(m).__mro__ if each.__module__.startswith("torch.nn")
        ]
        own: Any = type(m)
        return bases[0] is not nn.Module and own.forward is bases[0].forward

    def _note_equal(self, m: nn.Module, forward: Callable[..., Any], args: tuple[Any, ...]) -> None:
        """Notes a layer whose own forward pass computes what torch's does: it is taken as one."""
        base = next(each for each in _LAYERS if isinstance(m, each))
        if len(args) != 1 or not isinstance(args[0], fx.Proxy):
            return
        maps = self.values[args[0].node]
        self._computes = True
        try:
            if torch.equal(forward(maps.clone()), base.forward(m, maps.clone())):
                self._equal.add(m)
        finally:
            self._computes = False

    def create_proxy(self, *args: Any, **keywords: Any) -> Any:
        """The proxy of a node, or what its shape says where it is no tensor."""
        proxy = super().create_proxy(*args, **keywords)
        node = proxy.node
        self._computes = True
        try:
            value = self.values[node] = self._run(node)
        finally:
            self._computes = False
        if _has_tensors(value) or node.op in ("placeholder", "output"):
            return proxy
        if node.op == "call_method" and node.target in _OF_SHAPE:
            return value
        if node.op == "get_attr" or (node.op == "call_function" and node.target is getattr):
            return value
        raise self.of_values(f"{_name(node)} reads values from the image")

    def proxy(self, node: fx.Node) -> fx.Proxy:
        """A proxy that knows its shape."""
        return _Value(node, self)

    def to_bool(self, obj: fx.Proxy) -> bool:  # noqa: ARG002
        """Whether a branch is taken depends on the image."""
        raise self.of_values("its path depends on the values in the image (if, while or assert)")

    def iter(self, obj: fx.Proxy) -> Iterator[Any]:
        """The parts of a value, one by one."""
        parts: Any = obj
        return (parts[number] for number in range(len(self.values[obj.node])))

    def of_values(self, met: str) -> _RefusedError:
        """The refusal of what depends on pixels."""
        return _RefusedError(str(refusal(_path(self.module_stack) or "forward", met, _OF_VALUES)))

    def _run(self, node: fx.Node) -> Any:
        """The node's value; what it computes in place is computed on a copy."""
        if node.op == "placeholder":
            return self.images
        if node.op == "get_attr":
            return _attribute(self.root, str(node.target))
        args, keywords = fx.node.map_arg((node.args, node.kwargs), self._copy)
        if node.op == "call_module":
            return self.root.get_submodule(str(node.target))(*args, **keywords)
        if node.op == "call_method":
            return getattr(args[0], str(node.target))(*args[1:], **keywords)
        if node.op == "call_function":
            assert callable(node.target)
            return node.target(*args, **keywords)
        return None

    def _copy(self, node: fx.Node) -> Any:
        if node not in self.values:  # a constant, which fx makes a node of by itself
            self.values[node] = self._run(node)
        value = self.values[node]
        return value.clone() if isinstance(value, Tensor) else value


def _attribute(root: nn.Module, target: str) -> Any:
    *path, name = target.split(".")
    return getattr(root.get_submodule(".".join(path)), name)


def _has_tensors(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return any(map(_has_tensors, value))
    return isinstance(value, Tensor)


def _name(node: fx.Node) -> str:
    return str(getattr(node.target, "__name__", node.target))


def _path(stack: Any) -> str:
    """The path of the innermost module of a stack within the user's module."""
    paths = list(stack or ())
    return str(paths[-1]).removeprefix("module").lstrip(".").partition("@")[0] if paths else ""


def _needed(graph: fx.Graph, output: fx.Node) -> Iterator[fx.Node]:
    """The nodes that the output depends on, in order, the images before all others."""
    needed, waiting = {output}, [output]
    while waiting:
        for source in waiting.pop().all_input_nodes:
            if source not in needed:
                needed.add(source)
                waiting.append(source)
    return (node for node in graph.nodes if node in needed or node.op == "placeholder")
