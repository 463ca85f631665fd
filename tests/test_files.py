"""Files that are written whole or not at all."""

import os
import signal
import subprocess
import sys
import time

import pytest

from nas_tc._files import whole_file


def test_the_file_appears_whole_in_a_folder_that_is_made(tmp_path):
    path = tmp_path / "new" / "file.txt"
    with whole_file(path) as partial:
        partial.write_text("half")
        assert not path.exists()
        partial.write_text("whole")
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("ending", [OSError("No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_the_file_of_before_and_nothing_beside_it(tmp_path, ending):
    path = tmp_path / "file.txt"
    path.write_text("before")

    def stopped(partial):
        partial.write_text("ha")
        raise ending

    with pytest.raises(type(ending)), whole_file(path, synced=True) as partial:
        stopped(partial)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_write_leaves_the_file_of_before_and_its_rest_is_removed_a_day_later(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("before")
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom nas_tc._files import whole_file\n"
        "with whole_file(Path(sys.argv[1])) as partial:\n"
        "    partial.write_text('ha')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, path], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert path.read_text() == "before"
    (rest,) = (each for each in tmp_path.iterdir() if each != path)
    with whole_file(path) as partial:
        partial.write_text("after")
    assert rest.exists()  # it may be of a process that is still writing
    yesterday = time.time() - 25 * 3600
    os.utime(rest, (yesterday, yesterday))
    with whole_file(path) as partial:
        partial.write_text("later")
    assert list(tmp_path.iterdir()) == [path]


def test_the_permissions_are_those_of_any_new_file(tmp_path):
    with whole_file(tmp_path / "one") as partial:
        partial.write_bytes(b"")
    (tmp_path / "other").write_bytes(b"")
    assert (tmp_path / "one").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_folder_that_cannot_be_made_is_an_error_of_the_system(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError), whole_file(tmp_path / "file" / "within" / "it"):
        pass
