"""`nas-tc calibrate --script` and `--board`: layer times of a machine that has no nas-tc."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nas_tc.cli.console import Screen
from nas_tc.errors import NasTcError
from nas_tc.space import Space

if TYPE_CHECKING:
    from nas_tc.architecture import Architecture
    from nas_tc.timing import Setting


def write_script(
    script: Path,
    space: Space,
    references: "Mapping[str, Architecture]",
    setting: "Setting",
    networks: int,
    screen: Screen,
) -> dict[str, Any]:
    """Writes the Python file that times networks of a space elsewhere.

    Args:
        script: File to write.
        space: Space whose networks it times.
        references: Further networks, by name.
        setting: Batch and type of numbers, of onnxruntime.
        networks: Number of networks of the space.
        screen: Where the next steps are printed.

    Returns:
        The same for other programs.

    Raises:
        NasTcError: The setting is of torch, or the file cannot be written.
    """
    from nas_tc.latency import LayerTimes, unseen_networks  # noqa: PLC0415
    from nas_tc.latency.board import board_script  # noqa: PLC0415

    if setting.runtime != "onnxruntime":
        raise NasTcError(
            "--script: the file times networks by onnxruntime; add --runtime onnxruntime"
        )
    drawn = islice(unseen_networks(LayerTimes(), space, 0), networks)
    chosen = [*references.values(), *drawn]
    try:
        script.write_text(board_script(chosen, setting), encoding="utf-8")
    except OSError as error:
        raise NasTcError(f"cannot write {script}: {error.strerror}; choose another file") from None
    screen.print(f"script: {script} ({len(chosen)} networks of {space.name}, {setting})")
    screen.print(f"there: python {script.name} board.json; it needs NumPy and onnxruntime alone")
    screen.print("here: nas-tc calibrate --board board.json --out TABLE.json")
    return {"script": str(script), "networks": len(chosen), "setting": str(setting)}


def table_from_board(board: Path, out: Path | None, screen: Screen) -> dict[str, Any]:
    """Makes a table from what the script has measured on a board.

    Args:
        board: File that the script has written.
        out: File of the table.
        screen: Where its figures are printed.

    Returns:
        The same for other programs.

    Raises:
        NasTcError: No table is named.
    """
    from nas_tc.latency.board import table_of_board  # noqa: PLC0415

    if out is None:
        raise NasTcError("--board: name the table with --out FILE")
    table, setting = table_of_board(board)
    table.write(out)
    times = table.of(setting)
    screen.print(f"{table.machine['device']}: {setting}")
    screen.print(f"table: {out} ({len(times.networks)} networks, {len(times.layers):,} layers)")
    return {
        "table": str(out),
        "device": table.machine["device"],
        "setting": str(setting),
        "networks": len(times.networks),
        "layers": len(times.layers),
    }
