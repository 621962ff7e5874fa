"""What a process logs of an error that nobody foresaw holds nothing of what it was about."""

import asyncio
import io
import logging
from collections.abc import Iterator

import pytest

from cases.errors import UnavailableError
from cases.vocabulary import Complainant
from hotline.discreet import Discreet
from tests.privacy.planted import EMAIL, NAME, PHONE, found


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(Discreet("%(levelname)s %(name)s %(message)s"))
    loggers = [logging.getLogger(name) for name in ("asyncio", "hotline.test")]
    for one in loggers:
        one.addHandler(handler)
    yield written
    for one in loggers:
        one.removeHandler(handler)


def test_an_error_is_told_by_its_kind_and_place_alone(log: io.StringIO) -> None:
    try:
        try:
            Complainant(phone=NAME)
        except ValueError as error:
            raise ExceptionGroup(EMAIL, [KeyError(PHONE), error]) from UnavailableError("PostgreSQL is away")
    except ExceptionGroup:
        logging.getLogger("hotline.test").exception("incident 7")
    told = log.getvalue()
    assert not found(told)
    assert told.startswith("ERROR hotline.test incident 7\n")
    for kind in ("pydantic_core._pydantic_core.ValidationError", "KeyError", "ExceptionGroup"):
        assert f"\n{kind}\n" in told
    assert "cases.errors.UnavailableError: PostgreSQL is away\nwhich led to:" in told
    assert "in test_an_error_is_told_by_its_kind_and_place_alone" in told


async def test_of_a_task_whose_failure_nobody_hears_only_that_is_told(log: io.StringIO) -> None:
    async def fail() -> None:
        raise ValueError(NAME)

    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    asyncio.get_running_loop().call_exception_handler(
        {"message": "Task exception was never retrieved", "exception": task.exception(), "task": task}
    )
    told = log.getvalue()
    assert told.startswith("ERROR asyncio Task exception was never retrieved\n")
    assert "\nValueError\n" in told
    assert not found(told)
