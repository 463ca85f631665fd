"""The file of a checkpoint: whole or not at all, and only for the training that it belongs to."""

import errno

import pytest
import torch

from nas_tc.errors import NasTcError
from nas_tc.training.checkpoint import CHECKPOINT, check_writable, read_checkpoint, write_checkpoint

IDENTITY = {"network": "(3,8)", "seed": 0}


def values(epoch):
    return {"identity": IDENTITY, "training": {"epoch": epoch, "weights": torch.arange(9.0)}}


def test_what_was_written_is_read_back_and_written_over(tmp_path):
    assert read_checkpoint(tmp_path / "new", IDENTITY) is None
    for epoch in (1, 2):
        write_checkpoint(tmp_path / "new", values(epoch))
        kept = read_checkpoint(tmp_path / "new", IDENTITY)
        assert kept["training"]["epoch"] == epoch
        assert torch.equal(kept["training"]["weights"], torch.arange(9.0))
    assert [file.name for file in (tmp_path / "new").iterdir()] == [CHECKPOINT]


@pytest.mark.parametrize("changed", [{"seed": 1}, {"network": "(3,16)"}, {"format": 3}])
def test_a_checkpoint_of_another_training_is_refused(tmp_path, changed):
    write_checkpoint(tmp_path, values(1))
    with pytest.raises(NasTcError, match=f"its {next(iter(changed))} is different"):
        read_checkpoint(tmp_path, {**IDENTITY, **changed})


@pytest.mark.parametrize("content", [b"", b"broken", "cut"])
def test_a_broken_file_is_refused(tmp_path, content):
    write_checkpoint(tmp_path, values(1))
    file = tmp_path / CHECKPOINT
    file.write_bytes(file.read_bytes()[:-40] if content == "cut" else content)
    with pytest.raises(NasTcError, match="not a checkpoint, or a broken one; remove it"):
        read_checkpoint(tmp_path, IDENTITY)


def test_a_write_that_fails_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    write_checkpoint(tmp_path, values(1))

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(NasTcError, match=r"No space left on device; make room or choose"):
        write_checkpoint(tmp_path, values(2))
    assert read_checkpoint(tmp_path, IDENTITY)["training"]["epoch"] == 1


def test_a_folder_that_cannot_be_made(tmp_path):
    check_writable(tmp_path / "one" / "two")
    assert (tmp_path / "one" / "two").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(NasTcError, match=r"cannot write into .*file: File exists; choose another"):
        check_writable(tmp_path / "file")
