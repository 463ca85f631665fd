"""The file of finished trainings: what it keeps, and what it refuses."""

import sqlite3

import pytest

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.errors import StudyError
from nas_tc.experiment.trainings import Finished, open_trainings
from nas_tc.recipe import QUICK
from nas_tc.training import Rung

NETWORK = Architecture((1, 16, 16), parse_notation("(3,8)"), GAP, 10)
TRAINED = Finished((Rung(1, 0.5, 2.0, 0.1, 0.01), Rung(2, 0.25, 1.0, 0.2, 0.02)), 0.3)


def settings(checksum="c0ffee", **fields):
    data = {"name": "digits", "checksum": checksum, "train_images": 100}
    return {"data": data, "recipe": QUICK.to_dict() | fields}


def everything(path):
    with open_trainings(path, settings()) as file:
        return file.finished(), file.runs()


def test_trainings_are_kept(tmp_path):
    path = tmp_path / "new" / "trainings.db"
    with open_trainings(path, settings()) as file:
        assert file.finished() == {}
        file.add(NETWORK, 0, TRAINED)
        file.add(NETWORK, 7, Finished(failure="the loss is nan"))
        file.add_run({"command": "first"})
        file.add_run({"command": "second"})
    with open_trainings(path, settings()) as file:
        assert file.finished() == {
            (NETWORK.id, 0): TRAINED,
            (NETWORK.id, 7): Finished(failure="the loss is nan"),
        }
        assert [run["command"] for run in file.runs()] == ["first", "second"]


def test_what_is_written_is_on_the_disk_at_once(tmp_path):
    """Another connection sees it, as the next run does after a kill."""
    with open_trainings(tmp_path / "t.db", settings()) as file:
        file.add(NETWORK, 0, TRAINED)
        with sqlite3.connect(tmp_path / "t.db") as other:
            assert other.execute("SELECT COUNT(*) FROM trainings").fetchone() == (1,)
        other.close()


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        (settings(epochs=99), "recipe: epochs 12 against 99"),
        (settings(checksum="other"), "data: digits (100 training images, c0ffee) against"),
    ],
)
def test_what_cannot_be_compared_is_refused(tmp_path, other, difference):
    path = tmp_path / "t.db"
    with open_trainings(path, settings()) as file:
        file.add(NETWORK, 0, TRAINED)
    with pytest.raises(StudyError) as raised, open_trainings(path, other):
        pass
    assert difference in str(raised.value)
    assert "--out" in str(raised.value)
    with open_trainings(path, settings()) as file:
        assert len(file.finished()) == 1


def test_a_file_in_use_and_files_of_others(tmp_path):
    path = tmp_path / "t.db"
    with (
        open_trainings(path, settings()),
        pytest.raises(StudyError, match="another experiment is writing"),
        open_trainings(path, settings()),
    ):
        pass
    (tmp_path / "text.db").write_text("no database, but more than a page of text " * 50)
    with (
        pytest.raises(StudyError, match="not a file of trainings"),
        open_trainings(tmp_path / "text.db", settings()),
    ):
        pass
    with pytest.raises(StudyError, match="cannot write"), open_trainings(tmp_path, settings()):
        pass


@pytest.mark.parametrize(
    ("table", "column", "text"),
    [
        ("trainings", "rungs", "{"),
        ("trainings", "rungs", "[]"),
        ("trainings", "rungs", "[" * 50_000),
        ("trainings", "rungs", '[{"epoch": "one"}]'),
        ("trainings", "test_error", "much"),
        ("settings", "value", "[1]"),
        ("settings", "value", '{"format": "new"}'),
        ("settings", "value", '{"format": 1, "data": {"checksum": "c0ffee"}}'),
        ("runs", "value", "none"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(tmp_path, table, column, text):
    path = tmp_path / "t.db"
    with open_trainings(path, settings()) as file:
        file.add(NETWORK, 0, TRAINED)
        file.add_run({"command": "first"})
    with sqlite3.connect(path) as database:
        database.execute(f"UPDATE {table} SET {column} = ?", (text,))
    database.close()
    with pytest.raises(StudyError, match=r"t\.db: the file of trainings is damaged \("):
        everything(path)
