"""Disks that are full for real, one for each thing that a search writes."""

import subprocess
from contextlib import suppress

import pytest

from nas_tc.errors import StudyError
from nas_tc.report import write_report
from nas_tc.study import read_study
from recording_listener import RecordingListener

pytestmark = pytest.mark.faults


@pytest.fixture
def disk():
    """Mounts a small disk of its own on a folder; skips the test where that is not allowed."""
    mounted = []

    def mount(folder, kib):
        folder.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"cannot mount a disk: {done.stderr.strip()}")
        mounted.append(folder)
        return folder

    yield mount
    for folder in reversed(mounted):
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder):
    """Leaves no byte free; returns the file that takes them."""
    ballast = folder / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return ballast


def test_no_room_for_the_study(fresh_search, disk, tmp_path):
    folder = disk(tmp_path / "disk", 8_000)
    disk(folder / "study", 64_000)  # weights and checkpoints have room
    listener = RecordingListener(at_end=lambda ended: fill(folder) if ended == 2 else None)
    with pytest.raises(StudyError, match=r"cannot write the study .*make room"):
        fresh_search(study="disk/study.db", trials=5, listener=listener)
    (folder / "ballast").unlink()
    before = read_study(folder / "study.db")
    assert before.done >= 2
    record = fresh_search(study="disk/study.db", trials=5)
    assert record.done == 5
    assert [each.number for each in before.trained] == [
        each.number for each in record.trained if each.number in {t.number for t in before.trained}
    ]
    assert record.states.get("running", 0) == 0


def test_no_room_for_weights(fresh_search, disk, tmp_path):
    ballast = fill(disk(tmp_path / "study" / "weights", 64))
    with pytest.raises(StudyError, match=r"cannot write .*safetensors: No space .*make room"):
        fresh_search(trials=3)
    assert read_study(tmp_path / "study.db").done == 0
    ballast.unlink()
    larger = ["mount", "-o", "remount,size=64000k", str(ballast.parent)]
    subprocess.run(larger, check=True)
    record = fresh_search(trials=3)
    assert (record.done, record.states.get("running", 0)) == (3, 0)


def test_no_room_for_checkpoints(fresh_search, disk, tmp_path):
    fill(disk(tmp_path / "study" / "rungs", 64))
    listener = RecordingListener()
    record = fresh_search(trials=3, listener=listener)
    assert record.done == 3
    (note,) = [each for each in listener.notes if "without this checkpoint" in each]
    assert "No space left on device" in note


@pytest.mark.parametrize("kib", [4, 8, 16, 32, 64, 128])
def test_no_room_for_the_report(study, disk, tmp_path, kib):
    """Whichever of its files finds no room."""
    folder = disk(tmp_path / "out", kib)
    with pytest.raises(
        StudyError, match=r"cannot write the report to .*: .*No space left"
    ) as raised:
        write_report(study, folder)
    assert "\n" not in str(raised.value)
