"""Checkpoints beside a study: the last rung of each training that has not ended."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from nas_tc._files import whole_file
from nas_tc.architecture import Architecture
from nas_tc.errors import StudyError, reason
from nas_tc.study.files import study_folder

_DIGEST_BYTES = 16
_SUFFIX = ".rung"


@dataclass(frozen=True)
class Checkpoints:
    """Keeps, reads and removes the checkpoints of a study's trainings, one file each.

    A training is known by its network and seed, so that a trial that runs it again finds the file,
    whatever its number. Each file begins with a hash of the rest, which tells a damaged one: so a
    write need not wait for the disk, which a power cut alone would make worth it.

    Attributes:
        path: Path of the study file.
    """

    path: Path

    @property
    def folder(self) -> Path:
        """The folder of the checkpoints; it is there while trainings run or wait to be resumed."""
        return study_folder(self.path) / "rungs"

    def file(self, network: Architecture, seed: int) -> Path:
        """File of the checkpoint of a training.

        Args:
            network: Network in training.
            seed: Seed of the training.
        """
        return self.folder / f"{network.id}-{seed:08x}{_SUFFIX}"

    def keep(self, network: Architecture, seed: int, state: bytes) -> None:
        """Writes the checkpoint of a training in the place of that of an earlier rung.

        Args:
            network: Network in training.
            seed: Seed of the training.
            state: State of the training.

        Raises:
            StudyError: The file cannot be written; that of the earlier rung is still there.
        """
        file = self.file(network, seed)
        try:
            with whole_file(file) as partial:
                partial.write_bytes(_digest(state) + state)
        except OSError as error:
            raise StudyError(f"cannot write {file}: {reason(error)}") from None

    def read(self, network: Architecture, seed: int) -> bytes | None:
        """The state in the checkpoint of a training; None if there is none.

        Args:
            network: Network to train.
            seed: Seed of the training.

        Raises:
            StudyError: The file cannot be read, or is damaged.
        """
        file = self.file(network, seed)
        try:
            kept = file.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StudyError(f"cannot read {file}: {reason(error)}") from None
        state = kept[_DIGEST_BYTES:]
        if kept[:_DIGEST_BYTES] != _digest(state):
            raise StudyError(f"{file} is damaged")
        return state

    def remove(self, network: Architecture, seed: int) -> None:
        """Removes the checkpoint of a training that has ended, if there is one."""
        with suppress(OSError):
            self.file(network, seed).unlink()
        self._remove_folder()

    def drop(self, waiting: Collection[Architecture]) -> None:
        """Removes all checkpoints but those of some networks, and what a kill left half written.

        Args:
            waiting: Networks that will be trained.
        """
        names = {network.id for network in waiting}
        with suppress(OSError):
            for file in self.folder.iterdir():
                if file.suffix != _SUFFIX or file.name.partition("-")[0] not in names:
                    with suppress(OSError):
                        file.unlink()
        self._remove_folder()

    def _remove_folder(self) -> None:
        with suppress(OSError):  # it is not empty, or not there
            self.folder.rmdir()


def _digest(state: bytes) -> bytes:
    return blake2b(state, digest_size=_DIGEST_BYTES).digest()
