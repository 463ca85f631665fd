"""Checkpoints of trainings that have not ended."""

import pytest

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.errors import StudyError
from nas_tc.study.checkpoints import Checkpoints

SMALL, OTHER = (
    Architecture((1, 8, 8), parse_notation(text), GAP, 10) for text in ("(3,4)", "(3,8)")
)


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints(tmp_path / "digits.db")


def test_each_training_has_the_last_state_that_was_kept(checkpoints):
    assert checkpoints.read(SMALL, 7) is None
    for state in (b"first", b"second"):
        checkpoints.keep(SMALL, 7, state)
    checkpoints.keep(SMALL, 2**32 - 1, b"another seed")
    checkpoints.keep(OTHER, 7, b"another network")
    assert checkpoints.read(SMALL, 7) == b"second"
    assert len(list(checkpoints.folder.iterdir())) == 3
    checkpoints.remove(SMALL, 7)
    checkpoints.remove(SMALL, 7)
    assert checkpoints.read(SMALL, 7) is None
    assert checkpoints.read(SMALL, 2**32 - 1) == b"another seed"


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data[:10],
        lambda data: b"",
        lambda data: bytes(len(data)),
        lambda data: data[:20] + bytes([data[20] ^ 1]) + data[21:],
    ],
)
def test_a_damaged_file_is_told(checkpoints, damage):
    checkpoints.keep(SMALL, 7, b"weights and more")
    file = checkpoints.file(SMALL, 7)
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(StudyError, match=r"\.rung is damaged$"):
        checkpoints.read(SMALL, 7)


def test_a_folder_that_cannot_be_written_is_named(checkpoints):
    checkpoints.folder.parent.mkdir()
    checkpoints.folder.touch()
    with pytest.raises(StudyError, match=r"cannot write .*rung: "):
        checkpoints.keep(SMALL, 7, b"")
    assert checkpoints.read(SMALL, 7) is None
    checkpoints.remove(SMALL, 7)
    checkpoints.drop([])


def test_a_file_that_cannot_be_read_is_named(checkpoints):
    checkpoints.file(SMALL, 7).mkdir(parents=True)
    with pytest.raises(StudyError, match=r"cannot read .*rung: Is a directory"):
        checkpoints.read(SMALL, 7)


def test_those_of_networks_that_wait_stay_and_no_others(checkpoints):
    for network in (SMALL, OTHER):
        checkpoints.keep(network, 7, b"state")
    (checkpoints.folder / f".{checkpoints.file(SMALL, 7).name}-0a.partial").touch()
    checkpoints.drop([SMALL])
    assert list(checkpoints.folder.iterdir()) == [checkpoints.file(SMALL, 7)]
    checkpoints.drop([])
    assert not checkpoints.folder.exists()
