"""Studies on file systems that refuse a write-ahead log."""

import sqlite3
from contextlib import closing

import pytest
from simulated_search import settings_of

from nas_tc.study.record import read_study
from nas_tc.study.storage import lock_study, open_study

REFUSES = "unix-none"  # a file layer of SQLite that shares no memory, as on some networks


@pytest.fixture
def settings():
    return settings_of(0).to_dict()


def test_what_refuses_a_log_is_said_and_each_write_waits_for_the_disk(
    tmp_path, settings, monkeypatch
):
    path = tmp_path / "study.db"

    def on_network(path):
        return f"sqlite:///file:{path}?vfs={REFUSES}&uri=true"

    monkeypatch.setattr("nas_tc.study.storage.study_url", on_network)
    notes = []
    with lock_study(path), open_study(path, settings, notes.append) as study:
        study.set_user_attr("runs", [])
        assert not path.with_name("study.db-wal").exists()
        backend = getattr(study._storage, "_backend", None) or study._storage.backend
        with backend.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
    (note,) = notes
    assert "refuses SQLite's write-ahead log (it keeps 'delete')" in note
    assert read_study(path).trials == ()


def test_on_other_file_systems_nothing_is_said(tmp_path, settings):
    path = tmp_path / "study.db"
    notes = []
    with lock_study(path), open_study(path, settings, notes.append):
        assert path.with_name("study.db-wal").exists()
    assert notes == []
    with closing(sqlite3.connect(path)) as database:  # one file again
        assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)
