"""Studies on a PostgreSQL server that the tests start."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
from sqlalchemy import text

from nas_tc.cli.studies import studies
from nas_tc.errors import StudyError
from nas_tc.study import read_study, weights_file
from nas_tc.study.attributes import DRIVER_KEY
from nas_tc.study.remote_folder import place_for_all
from nas_tc.study.server import server_backend, server_engine
from nas_tc.study.storage import lock_study, open_study, requeue_running
from nas_tc.study.study_url import StudyUrl, study_path, without_password
from postgres_server import PASSWORD


@pytest.fixture(scope="module")
def settings():
    from handmade_study import settings_of

    return settings_of().to_dict()


def test_a_study_goes_to_the_server_and_comes_back(database, settings):
    url = study_path(f"{database}#digits")
    with lock_study(url), open_study(url, settings) as study:
        assert study.get_trials() == []
    record = read_study(url)
    assert record.settings == settings
    assert str(record.path) == f"{database}#digits"
    with pytest.raises(StudyError, match="no such study in the database"):
        read_study(study_path(f"{database}#other"))


def test_the_studies_of_a_server_are_listed(database, settings, capsys):
    def listed(place):
        studies(Path(place), as_json=True)  # a `Path`, as the program gives it
        return [row["study"] for row in json.loads(capsys.readouterr().out)]

    assert listed(database) == []
    for name in ("my%20digits", "first"):
        with open_study(study_path(f"{database}#{name}"), settings):
            pass
    others = server_backend(study_path(database))
    optuna.create_study(storage=others, study_name="of others")
    others.engine.dispose()
    assert listed(database) == [f"{database}#first", f"{database}#my%20digits"]
    assert listed(f"{database}#my digits") == [f"{database}#my%20digits"]
    with pytest.raises(StudyError, match="password authentication failed") as raised:
        listed(database.replace("nas@", "nas:hush@"))
    assert "hush" not in str(raised.value)


def test_a_study_of_another_search_is_refused(database, settings):
    url = study_path(database)
    with open_study(url, settings):
        pass
    other = {**settings, "seed": 1}
    refused = pytest.raises(StudyError, match="study of another search")
    with refused, open_study(url, other):
        pass


def test_only_what_a_driver_that_is_gone_left_running_is_queued_again(database, settings):
    url = study_path(database)
    with open_study(url, settings) as first:
        running = first.ask()
        running.set_user_attr("guest", None)
        with open_study(url, settings) as second:
            (seen,) = second.get_trials()
            assert seen.state.name == "RUNNING"  # the first lives
            assert seen.user_attrs[DRIVER_KEY] == first._storage.drivers.own
            own = second.ask()
            first._storage.drivers.close()  # as the server does when a process is gone
            requeue_running(second, own=False)
            states = [each.state.name for each in second.get_trials()]
            assert states == ["FAIL", "RUNNING"]
            assert second.get_trials()[1].number == own.number


def test_trials_of_several_drivers_have_different_numbers(database, settings):
    url = study_path(database)
    with open_study(url, settings) as one, open_study(url, settings) as other:
        numbers = [study.ask().number for study in (one, other, other, one)]
        assert numbers == [0, 1, 2, 3]
        other.tell(1, 0.5)
        with one._storage.turn():
            assert one.get_trials()[1].value == 0.5


def test_a_search_outlives_a_restart_of_the_server(database, settings, postgres_server):
    url = study_path(database)
    with open_study(url, settings) as study:
        trial = study.ask()
        postgres_server.stop()
        postgres_server.start()
        trial.report(0.5, 1)
        with study._storage.turn():
            pass
        study.tell(trial, 0.5)
        assert study._storage.drivers.lives(study._storage.drivers.own)
    engine = server_engine(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT state FROM trials")).scalars().all() == ["COMPLETE"]
    engine.dispose()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda url: url.replace("nas@", f"nas:{PASSWORD[:2]}@"), "password authentication failed"),
        (lambda url: url.replace("nas@", "nobody@"), "password authentication failed"),
        (lambda url: url + "x", 'database "studies[0-9]+x" does not exist'),
        (lambda url: "postgresql://nas@127.0.0.1:9/db", "refused"),
        (lambda url: "postgresql://nas@no-such-host.invalid/db", "host"),
    ],
)
def test_what_the_server_refuses_is_said_in_one_line(database, settings, change, said):
    with pytest.raises(StudyError, match=said) as raised:
        read_study(study_path(change(database)))
    assert "\n" not in str(raised.value)
    assert PASSWORD[:2] + "@" not in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "mysql://nas@host/db",
        "postgresql://host",
        "postgresql://nas@host:port/db",
        "postgresql://nas:a/b@host/db",
        "postgresql://nas@host/db?password=hidden",
        "postgresql://nas@/db",
        "postgresql:nas:hidden@host/db",
    ],
)
def test_a_url_that_is_not_whole_is_refused(text):
    with pytest.raises(StudyError) as raised:
        study_path(text)
    assert "hidden" not in str(raised.value)
    assert "a/b" not in str(raised.value)


def test_a_password_is_in_no_text():
    url = study_path("postgresql://nas:s3cr%2Ft@host:5433/db#my study")
    assert isinstance(url, StudyUrl)
    assert url.password == "s3cr/t"
    assert str(url) == f"{url}" == "postgresql://nas@host:5433/db#my study"
    assert "s3cr" not in repr(url)
    assert "s3cr" not in str(url.folder)
    assert url.engine_url().password == "s3cr/t"
    assert url.study == "my study"
    assert pickle.loads(pickle.dumps(url)) == url
    command = "nas-tc search --study postgresql://nas:s3cr%2Ft@host/db --budget 1M"
    assert "s3cr" not in without_password(command)
    assert without_password("a 2:30 b@c") == "a 2:30 b@c"


def test_files_of_a_study_on_a_server_lie_in_a_folder_here_or_where_all_see_them(tmp_path):
    url = study_path("postgresql://nas@host/db")
    assert (
        str(weights_file(url, 3)) == "results/local/host-db-nas-tc/weights/trial-000003.safetensors"
    )
    url.weights = str(tmp_path)
    assert weights_file(url, 3) == tmp_path / "trial-000003.safetensors"
    pytest.importorskip("upath")
    url.weights = "memory://weights"
    weights_file(url, 3).write_bytes(b"net")
    assert weights_file(url, 3).is_file()
    assert [each.name for each in weights_file(url, 3).parent.glob("*.safetensors")] == [
        "trial-000003.safetensors"
    ]


def test_drivers_that_start_in_different_folders_keep_the_weights_in_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert place_for_all("weights") == str(tmp_path / "weights")
    assert place_for_all(str(tmp_path)) == str(tmp_path)
    assert place_for_all("s3://bucket/folder") == "s3://bucket/folder"


def test_weights_that_cannot_be_written_are_refused_before_anything_is_trained(
    database, settings, tmp_path
):
    url = study_path(database)
    url.weights = str(tmp_path / "file" / "weights")
    (tmp_path / "file").touch()
    with pytest.raises(StudyError, match="cannot write weights"), open_study(url, settings):
        pass
    url.weights = str(tmp_path / "shared" / "weights")
    with open_study(url, settings):
        assert (tmp_path / "shared" / "weights").is_dir()
    (tmp_path / "shared").rename(tmp_path / "unmounted")
    again = study_path(database)
    with (
        pytest.raises(StudyError, match="this machine has the folder"),
        open_study(again, settings),
    ):
        pass
    assert not (tmp_path / "shared").exists()


def test_reading_a_study_imports_no_driver_of_a_server():
    code = "import sys, nas_tc.study; sys.exit('psycopg' in sys.modules or 'upath' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
