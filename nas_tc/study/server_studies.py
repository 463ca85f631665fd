"""The studies in a database on a PostgreSQL server."""

from urllib.parse import quote

import sqlalchemy

from nas_tc.study.attributes import SETTINGS_KEY
from nas_tc.study.server import asking_server, has_tables, server_engine
from nas_tc.study.study_url import StudyUrl, study_path


def studies_on_server(url: StudyUrl) -> list[StudyUrl]:
    """URLs of the studies of nas-tc in a database, by their names.

    Args:
        url: URL of the database. Where it names a study, that one alone is looked for.

    Raises:
        StudyError: The server is not there, or refuses.
    """
    database, _, only = str(url).partition("#")
    with asking_server(url):
        engine = server_engine(url)
        try:
            if not has_tables(engine):
                return []
            with engine.connect() as connection:
                names = connection.execute(_NAMES, {"key": SETTINGS_KEY}).scalars().all()
        finally:
            engine.dispose()
    found = []
    for name in sorted(names):
        if only and name != url.study:
            continue
        study = study_path(f"{database}#{quote(name, safe='')}")
        assert isinstance(study, StudyUrl)
        study.password = url.password
        found.append(study)
    return found


_NAMES = sqlalchemy.text(
    "SELECT study_name FROM studies JOIN study_user_attributes USING (study_id) WHERE key = :key"
)
