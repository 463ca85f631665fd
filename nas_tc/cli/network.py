"""A network as the command line describes it: by a name or a notation, and by options."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from nas_tc.architecture import Architecture, Head, Norm, format_head, head_named
from nas_tc.cli.console import parse_shape
from nas_tc.errors import NasTcError, reason, unknown
from nas_tc.zoo import ZOO, find_network


def network_of(
    text: str,
    input: str | None = None,
    head: str | None = None,
    norm: str | None = None,
    classes: int | None = None,
) -> Architecture:
    """The network that `text` names, with what the options say otherwise.

    Args:
        text: What `find_network` takes.
        input: Channels, height and width, as in "3x32x32"; None: Its own.
        head: "gap" or "spp"; None: Its own.
        norm: "batch" or "none"; None: Its own.
        classes: Number of classes; None: Its own.

    Raises:
        NasTcError: No such network, or an option that cannot be read.
    """
    return changed(find_network(text), input, head, norm, classes)


def changed(
    network: Architecture,
    input: str | None = None,
    head: str | None = None,
    norm: str | None = None,
    classes: int | None = None,
) -> Architecture:
    """The network with what the options say otherwise; the arguments are those of `network_of`."""
    return replace(
        network,
        input=network.input if input is None else parse_shape(input),
        head=network.head if head is None else head_named(head),
        norm=network.norm if norm is None else parse_norm(norm),
        classes=network.classes if classes is None else classes,
    )


def companion(
    text: str, network: Architecture, head: str | None = None, norm: str | None = None
) -> Architecture:
    """Another network, on the same images as `network`, to be compared with it.

    What has a head and a normalisation of its own keeps them. A notation has neither, so it takes
    those that the options name.

    Args:
        text: Name, notation or JSON file of the network.
        network: Network to take the setting of.
        head: Value of `--head`; None: not given.
        norm: Value of `--norm`; None: not given.

    Raises:
        NasTcError: As `network_of`.
    """
    other = find_network(text).at(network.input, network.classes)
    return changed(other, head=head, norm=norm) if is_notation(text) else other


def is_notation(text: str) -> bool:
    """Whether `text` is a notation, which says neither input, head, normalisation nor classes."""
    return text not in ZOO and not text.endswith(".json") and ("(" in text or "|" in text)


def parse_norm(text: str) -> Norm:
    """What follows each convolution, by name: "batch" or "none".

    Args:
        text: Name of a normalisation.

    Raises:
        UnknownNameError: Anything else.
    """
    if text == "batch":
        return "batch"
    if text == "none":
        return "none"
    raise unknown("norm", text, ("batch", "none"))


def described(network: Architecture) -> dict[str, Any]:
    """What a notation leaves open, for JSON: input, head, norm, classes."""
    return {
        "input": list(network.input),
        "head": head_text(network.head),
        "norm": network.norm,
        "classes": network.classes,
    }


def surroundings(text: str, network: Architecture, head: str | None, norm: str | None) -> str:
    """The same as one reads it, and what of it had to be assumed.

    Args:
        text: The network as the user wrote it.
        network: What became of it.
        head: Option; None: Not given.
        norm: Option; None: Not given.

    Returns:
        One line: "head gap, norm batch, 10 classes".
    """
    said = f"head {head_text(network.head)}, norm {network.norm}, {network.classes:,} classes"
    given = {"head": head, "norm": norm}
    missing = [name for name, value in given.items() if value is None]
    if not missing or not is_notation(text):
        return said
    return (
        f"{said}; the notation does not say {' and '.join(missing)}, so the paper's is taken: "
        "networks of plain-32 have --head gap --norm batch"
    )


def head_text(head: Head) -> str:
    """A head in words: its name, or how it pools and its hidden layers."""
    name = format_head(head)
    if name is not None and head_named(name) == head:
        return name
    bins = " ".join(f"{side}x{side}" for side in head.bins)
    layers = "".join(f", {width} wide" for width in head.hidden)
    return f"{head.pool} pooling to {bins}{layers}"


def write_network(path: Path, network: Architecture) -> None:
    """Writes a network as JSON, which the other commands read.

    Args:
        path: Path of the file.
        network: Network to write.

    Raises:
        NasTcError: The file cannot be written.
    """
    try:
        path.write_text(network.to_json() + "\n", encoding="utf-8")
    except OSError as error:
        raise NasTcError(
            f"cannot write the network {str(path)!r}: {reason(error)}; choose another with --out"
        ) from None
