"""The checkpoint of a full training: one file, which a kill never leaves half written."""

import os
from pathlib import Path
from typing import Any

import torch

from nas_tc._files import whole_file
from nas_tc.errors import NasTcError, reason
from nas_tc.recipe import Recipe

CHECKPOINT = "checkpoint.pt"
FORMAT = 2  # version of the checkpoint's format


def read_checkpoint(out: Path, identity: dict[str, Any]) -> dict[str, Any] | None:
    """The checkpoint if it belongs to this training; None if there is none.

    Args:
        out: Folder of the checkpoint.
        identity: Everything that makes two trainings the same, as plain values.

    Raises:
        NasTcError: The file is broken, or belongs to another training.
    """
    file = out / CHECKPOINT
    if not file.exists():
        return None
    try:
        kept: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
        kept_identity = kept["identity"]
        if "recipe" in kept_identity:  # fields that were added since then have their default
            kept_identity["recipe"] = {**Recipe().to_dict(), **kept_identity["recipe"]}
    except Exception:  # noqa: BLE001 - torch raises many kinds for a broken file
        raise NasTcError(
            f"{file}: not a checkpoint, or a broken one; remove it, or choose another folder "
            "with --out"
        ) from None
    for what in (*identity, *kept_identity):
        if kept_identity.get(what) != identity.get(what):
            raise NasTcError(
                f"{file} belongs to another training (its {what} is different); choose another "
                "folder with --out, or remove it"
            )
    return kept


def check_writable(out: Path) -> None:
    """Makes the folder of the checkpoint, before the first epoch is trained.

    Args:
        out: Folder for the checkpoint.

    Raises:
        NasTcError: The folder cannot be made, or nothing can be written into it.
    """
    why = None
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = reason(error)
    if why is None and not os.access(out, os.W_OK):
        why = "Permission denied"
    if why is not None:
        raise NasTcError(f"cannot write into {out}: {why}; choose another folder with --out")


def write_checkpoint(out: Path, values: dict[str, Any]) -> None:
    """Writes beside, then renames: a kill leaves the last checkpoint or the new one, whole.

    Args:
        out: Folder for the checkpoint.
        values: Identity, state of the training and learning curve.

    Raises:
        NasTcError: The file cannot be written.
    """
    path = out / CHECKPOINT
    try:
        with whole_file(path, synced=True) as partial, partial.open("wb") as file:
            torch.save(values, file)
    except OSError as error:
        raise NasTcError(
            f"cannot write {path}: {error.strerror}; make room or choose another --out"
        ) from None
