"""Whether the schema of a database suits this code: its own, an earlier one, or that of a newer release.

While a release is rolled out, the code of the one before still runs on the new schema. A migration that only adds says
so: its `oldest_code` names the first schema whose code works on what it makes. That stands in the database, where code
finds it that has never heard of the migration.
"""

import re
from enum import StrEnum
from functools import cache

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

_TABLE = "alembic_version"
_SAID = re.compile(r"schema (?P<revision>\w+) is for the code of (?P<oldest>\w+) and later")


class Fit(StrEnum):
    """How a schema stands to this code."""

    FITS = "fits"
    OLDER = "older"
    NEWER = "newer"


class Revisions:
    """The schemas that this code has heard of, the first one first."""

    def __init__(self, scripts: ScriptDirectory) -> None:
        made = list(scripts.walk_revisions())[::-1]
        self.all = [one.revision for one in made]
        self.oldest_code = {one.revision: getattr(one.module, "oldest_code", one.revision) for one in made}

    @property
    def own(self) -> str:
        """The schema of this code."""
        return self.all[-1]


def config() -> Config:
    """Where alembic finds the migrations."""
    made = Config()
    made.set_main_option("script_location", "records:migrations")
    return made


@cache
def known() -> Revisions:
    """The schemas that this code has heard of."""
    return Revisions(ScriptDirectory.from_config(config()))


def saying(revision: str, oldest_code: str) -> str:
    """How a database says of its schema that earlier code works on it: as a comment on alembic's table."""
    return f"schema {revision} is for the code of {oldest_code} and later"


def found(connection: Connection) -> tuple[str | None, str | None]:
    """The schema that a database has, none if it is empty, and the first one whose code works on it."""
    if connection.scalar(text(f"SELECT to_regclass('{_TABLE}')")) is None:
        return None, None
    revision = connection.scalar(text(f"SELECT version_num FROM {_TABLE}"))  # noqa: S608 - our own
    comment = connection.scalar(text(f"SELECT obj_description('{_TABLE}'::regclass, 'pg_class')")) or ""
    said = _SAID.fullmatch(comment)
    # What was said of another schema says nothing of this one.
    return revision, said["oldest"] if said and said["revision"] == revision else revision


def note_oldest_code(connection: Connection) -> None:
    """Write down the first schema whose code works on this code's own, which the database has now."""
    own = known().own
    said = saying(own, known().oldest_code[own])
    connection.execute(text(f"COMMENT ON TABLE {_TABLE} IS '{said}'"))


def fit(connection: Connection) -> Fit:
    """How the schema of a database stands to this code."""
    revision, oldest_code = found(connection)
    if revision == known().own:
        return Fit.FITS
    if revision is None or revision in known().all:
        return Fit.OLDER
    return Fit.FITS if oldest_code in known().all else Fit.NEWER


def advice(connection: Connection) -> str | None:
    """What somebody must do before this code can work on a database; none if it can."""
    match fit(connection):
        case Fit.OLDER:
            return "the schema of the database is an earlier release's; bring it up by `hotline migrate`"
        case Fit.NEWER:
            return "a newer release of hotline has changed the schema of the database; install that release"
    return None
