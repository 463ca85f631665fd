"""Searches in odd surroundings: no home, no standard output, another locale, a long path."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from real_search import lines_of_ours, states

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform != "linux", reason="/proc is a folder that none can write"),
]


@pytest.mark.parametrize("locale", ["C", "xx_YY.no-such"])
def test_an_odd_locale(search, tmp_path, locale):
    running = search("--trials", 1, LC_ALL=locale, LANG=locale, PYTHONUTF8="0")
    code, out, errors, _ = running.end(within_s=400)
    assert (code, lines_of_ours(errors)) == (0, [])
    assert "report: " in out
    assert states(tmp_path) == {"COMPLETE": 1}


def test_a_home_that_cannot_be_written(search, tmp_path):
    """Ray keeps a file there."""
    code, _, errors, _ = search("--trials", 1, HOME="/proc").end(within_s=400)
    assert code == 2
    (told,) = lines_of_ours(errors)
    assert told.startswith("nas-tc: Ray cannot start: ")
    assert told.endswith("and HOME a writable folder")


def test_a_folder_for_ray_whose_path_is_too_long(search, tmp_path):
    folder = tmp_path / ("x" * 90)
    folder.mkdir()
    code, _, errors, _ = search("--trials", 1, RAY_TMPDIR=str(folder)).end(within_s=400)
    assert code == 2
    (told,) = lines_of_ours(errors)
    assert told.startswith("nas-tc: Ray cannot start: ")
    assert "let RAY_TMPDIR name" in told


def test_no_standard_output(search, tmp_path):
    running = search("--trials", 1, prefix=["sh", "-c", 'exec "$@" >&-', "sh"])
    code, out, errors, _ = running.end(within_s=400)
    assert (code, out, lines_of_ours(errors)) == (0, "", [])
    assert states(tmp_path) == {"COMPLETE": 1}
