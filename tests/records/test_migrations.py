"""The schema that the migrations make is the one the tables say; whoever comes first makes it."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, make_url
from sqlmodel import SQLModel

from cases.errors import InvalidError, UnavailableError
from records.database import migrate, sqlalchemy_url
from records.errors import SchemaError


def test_the_migrations_make_the_tables(database_url: str) -> None:
    engine = create_engine(sqlalchemy_url(database_url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, SQLModel.metadata) == []
    engine.dispose()


def test_several_starters_do_not_collide(empty_url: str) -> None:
    with ThreadPoolExecutor(4) as starters:
        list(starters.map(migrate, [empty_url] * 4))
    migrate(empty_url)


def test_a_newer_schema_is_left_alone(empty_url: str) -> None:
    migrate(empty_url)
    with psycopg.connect(empty_url, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaError, match="newer release"):
        migrate(empty_url)


def test_no_postgresql_no_migration() -> None:
    with pytest.raises(UnavailableError):
        migrate("postgresql://nobody@127.0.0.1:1/nothing")


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        ("postgresql://u:p%40ss@host:5433/name", "postgresql+psycopg://u:p%40ss@host:5433/name"),
        ("postgres://u@host/name?sslmode=require", "postgresql+psycopg://u@host/name?sslmode=require"),
        ("postgresql+psycopg://u@host/name", "postgresql+psycopg://u@host/name"),
        ("postgresql://postgres:@/name?host=/tmp/a", "postgresql+psycopg://postgres:@/name?host=/tmp/a"),
    ],
)
def test_addresses(given: str, understood: str) -> None:
    assert make_url(sqlalchemy_url(given)) == make_url(understood)


@pytest.mark.parametrize(
    "wrong", ["", "host/name", "mysql://u:secret@host/name", "postgresql://u:secret@host:port/name"]
)
def test_what_is_no_address_is_refused_without_showing_it(wrong: str) -> None:
    with pytest.raises(InvalidError, match="database_url") as refused:
        sqlalchemy_url(wrong)
    assert "secret" not in str(refused.value)
