"""Who called is noted a moment after the answer, whatever becomes of PostgreSQL, and nobody waits for it."""

import asyncio
import logging
from datetime import UTC, datetime

import pytest

from api import calls
from api.calls import Calls
from records.register import Register
from tests.outage import away

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def noted(register: Register, number: str) -> list[str]:
    """The callers of a case, once they are noted."""
    for _ in range(300):
        if found := await register.callers.of_case(number):
            return found
        await asyncio.sleep(0.1)
    raise TimeoutError(f"nobody has noted who raised {number}")


async def test_the_next_call_finds_this_one(register: Register) -> None:
    noting = Calls(register.callers)
    await noting.note("1", ("somebody",), NOW)
    assert await register.callers.of_case("1") == ["somebody"]
    await noting.note("2", (), NOW)
    assert await register.callers.of_case("2") == []
    await noting.aclose()


async def test_what_came_while_postgresql_was_away_is_noted_afterwards(
    register: Register, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "_AGAIN", 0.1)
    noting = Calls(register.callers)
    with away(database_url):
        for number in ("1", "2", "3"):
            await noting.note(number, ("somebody",), NOW)
    assert [await noted(register, number) for number in ("1", "2", "3")] == [["somebody"]] * 3
    await noting.aclose()


async def test_only_so_many_wait_and_what_is_given_up_is_in_the_log(
    register: Register, database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(calls, "_MOST", 2)
    noting = Calls(register.callers)
    with away(database_url):
        for number in ("1", "2", "3"):
            await noting.note(number, ("somebody",), NOW)
        with caplog.at_level(logging.WARNING):
            await noting.aclose()
    assert "of 2 calls it is not noted who made them" in caplog.text
    assert "somebody" not in caplog.text


async def test_one_that_cannot_be_noted_keeps_no_other_from_it(register: Register) -> None:
    noting = Calls(register.callers)
    await noting.note("\0", ("somebody",), NOW)
    await noting.note("2", ("somebody",), NOW)
    assert await noted(register, "2") == ["somebody"]
    await noting.aclose()
