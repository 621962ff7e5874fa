"""Complaints that are kept: the same number for the same complaint, no row lost, and none started by two at once."""

import asyncio
import logging
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner, Result

from activities.relay import Relay
from api.metrics import Metrics
from cases.commands import Command, Receive
from cases.decide import decide
from cases.errors import InvalidError, NotStartedError, RefusalError, UnavailableError, UnknownCaseError, other_content
from hotline.cli import app
from records.database import connect
from records.kept_cases import KeptCases
from records.register import Register
from tests.own_keys import written
from tests.unit.narrative import NOON, received
from vault.sealing import seal

SAID = "the pothole before number 7"


def receipt(reference: str, *, priority: int = 3, description: str = SAID, at: datetime = NOON) -> Command:
    command = received(source_ref=reference, at=at)
    assert isinstance(command.act, Receive)
    complaint = command.act.complaint.model_copy(update={"description": description})
    terms = command.act.terms.model_copy(update={"priority": priority})
    return command.model_copy(update={"act": command.act.model_copy(update={"complaint": complaint, "terms": terms})})


def number_of(command: Command) -> str:
    assert isinstance(command.act, Receive)
    return command.act.number


class Starts:
    """An engine of sorts: it starts cases, is away, or does not take some. What it was asked for, in order."""

    def __init__(self, *, fails: Callable[[str], Exception | None] = lambda _: None, away: bool = False) -> None:
        self.fails = fails
        self.away = away
        self.begun: list[str] = []

    async def begin(self, command: Command, known_as: Collection[str] = ()) -> bool:
        assert known_as
        if self.away:
            raise UnavailableError("the engine does not answer")
        number = number_of(command)
        if error := self.fails(number):
            raise error
        self.begun.append(number)
        await asyncio.sleep(0)
        return True

    async def ping(self) -> None:
        if self.away:
            raise UnavailableError("the engine does not answer")


async def stored(engine: AsyncEngine, number: str) -> tuple[object, ...]:
    asked = text("SELECT command, started_at, try_at, attempts, reason FROM kept_cases WHERE number = :number")
    async with engine.connect() as connection:
        return tuple((await connection.execute(asked, {"number": number})).one())


async def test_a_kept_case_reads_as_it_was_received_and_is_unknown_to_nobody(register: Register) -> None:
    command = receipt("1")
    number = number_of(command)
    with pytest.raises(UnknownCaseError):
        await register.case(number)
    case, new = await register.kept.keep(command)
    assert (case.number, new) == (number, True)
    assert await register.case(number) == case
    assert await register.history(number) == decide(None, command, NOON)
    assert await register.events(number, 1, 1) == decide(None, command, NOON)[1:2]
    assert await register.events(number, after=99) == []
    assert await register.content_fingerprint(number) is not None
    assert await register.row(number) is None


async def test_the_same_complaint_is_kept_once_and_another_under_its_number_is_refused(register: Register) -> None:
    first = receipt("1")
    await register.kept.keep(first)
    assert (await register.kept.keep(receipt("1", at=NOON + timedelta(hours=1))))[1] is False
    # The limits count from the first receipt, whenever the source asks again.
    assert (await register.case(number_of(first))).complaint.received_at == NOON
    with pytest.raises(RefusalError) as refused:
        await register.kept.keep(receipt("1", description="something else"))
    assert refused.value.rule == "different_content"
    assert [one.number for one in await register.kept.list()] == [number_of(first)]


async def test_many_who_keep_the_same_complaint_at_once_are_told_of_one_case(register: Register) -> None:
    kept = await asyncio.gather(*(register.kept.keep(receipt("1")) for _ in range(8)))
    assert sorted(new for _, new in kept) == [False] * 7 + [True]
    assert len(await register.kept.list()) == 1


async def test_a_key_belongs_to_its_case_from_the_moment_that_it_is_kept(register: Register) -> None:
    command = receipt("1")
    key = (await register.seals.data_keys.make(1))[0]
    sealed = command.model_copy(update={"act": seal(command.act, key)})
    await register.kept.keep(sealed)
    await register.seals.data_keys.drop_unclaimed(datetime.now(UTC) + timedelta(days=1))
    assert await register.seals.data_keys.find([key.id]) == {key.id: key}
    opened = await register.seals.open_text((await register.case(number_of(command))).complaint.description)
    assert opened == SAID


async def test_what_was_started_is_told_of_until_it_is_recorded_and_held_no_longer(
    register: Register, engine: AsyncEngine
) -> None:
    command = receipt("1")
    number = number_of(command)
    await register.kept.keep(command)
    assert await register.kept.waits(number)
    starts = Starts()
    relay = Relay(register.kept, starts)
    await relay.look()
    assert starts.begun == [number]
    content, started_at, try_at, *_ = await stored(engine, number)
    assert content is not None
    assert started_at is not None
    assert try_at is None
    assert not await register.kept.waits(number)
    assert await register.kept.counts() == {"waiting": 0, "failing": 0, "refused": 0}
    assert await register.history(number) == decide(None, command, NOON)
    # Taken in again while nothing is recorded yet, and the engine is away once more.
    assert (await register.kept.keep(command))[1] is False
    assert not await register.kept.waits(number)
    await register.record(number, decide(None, command, NOON))
    await relay.look()
    assert (await stored(engine, number))[0] is None
    assert await register.history(number) == decide(None, command, NOON)
    assert starts.begun == [number]


async def test_one_that_was_recorded_and_is_taken_in_again_is_the_same_case(
    register: Register, engine: AsyncEngine
) -> None:
    command = receipt("1")
    await register.kept.keep(command)
    relay = Relay(register.kept, starts := Starts())
    await relay.look()
    await register.record(number_of(command), decide(None, command, NOON))
    await relay.look()
    assert (await register.kept.keep(command))[1] is False
    with pytest.raises(RefusalError):
        await register.kept.keep(receipt("1", description="something else"))
    await relay.look()
    assert starts.begun == [number_of(command)] * 2
    assert (await stored(engine, number_of(command)))[0] is None


async def test_the_most_urgent_are_started_first(register: Register) -> None:
    wanted = [receipt(str(one), priority=5 - one % 5) for one in range(45)]
    for command in wanted:
        await register.kept.keep(command)
    starts, looks = Starts(), 0
    relay = Relay(register.kept, starts)
    while await relay.look():
        looks += 1
    assert looks == 2
    given = {number_of(one): one.act.terms.priority for one in wanted if isinstance(one.act, Receive)}
    assert [given[number] for number in starts.begun] == sorted(given.values())


async def test_several_relays_start_each_case_once(register: Register) -> None:
    for one in range(60):
        await register.kept.keep(receipt(str(one)))
    starts = Starts()

    async def relay() -> None:
        mine = Relay(register.kept, starts)
        while (await register.kept.counts())["waiting"]:
            await mine.look()

    await asyncio.gather(*(relay() for _ in range(4)))
    assert len(starts.begun) == len(set(starts.begun)) == 60


async def test_while_the_engine_is_away_nothing_is_lost_or_counted_against_a_case(
    register: Register, engine: AsyncEngine
) -> None:
    command = receipt("1")
    await register.kept.keep(command)
    before = await stored(engine, number_of(command))
    starts = Starts(away=True)
    relay = Relay(register.kept, starts)
    for _ in range(3):
        with pytest.raises(UnavailableError):
            await relay.look()
    assert await stored(engine, number_of(command)) == before
    starts.away = False
    await relay.look()
    assert starts.begun == [number_of(command)]


async def test_an_engine_that_is_busy_takes_what_it_can_and_the_rest_a_little_later(register: Register) -> None:
    for one in range(6):
        await register.kept.keep(receipt(str(one)))
    slow = {number_of(receipt(str(one))) for one in range(3)}
    starts = Starts(fails=lambda one: UnavailableError("the engine does not answer") if one in slow else None)
    relay = Relay(register.kept, starts)
    assert await relay.look() is False
    assert [(one.state, one.attempts) for one in await register.kept.list()] == [("waiting", 0)] * 3
    slow.clear()
    await relay.look()
    assert len(starts.begun) == 6


async def test_a_relay_that_dies_leaves_what_it_had_to_others(register: Register) -> None:
    await register.kept.keep(receipt("1"))
    begun = asyncio.Event()

    class Hanging(Starts):
        async def begin(self, command: Command, known_as: Collection[str] = ()) -> bool:
            begun.set()
            return bool(await asyncio.Event().wait())

    dying = asyncio.create_task(Relay(register.kept, Hanging()).look())
    await begun.wait()
    other = Starts()
    assert await Relay(register.kept, other).look() is False
    assert other.begun == []
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    await Relay(register.kept, other).look()
    assert len(other.begun) == 1


async def test_one_that_is_refused_waits_for_a_person_and_holds_up_nobody(
    register: Register, engine: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    refused, fine = receipt("refused", priority=1), receipt("fine")
    for command in (refused, fine):
        await register.kept.keep(command)
    number = number_of(refused)
    starts = Starts(fails=lambda one: other_content(one) if one == number else None)
    relay = Relay(register.kept, starts)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            await relay.look()
    assert starts.begun == [number_of(fine)]
    assert caplog.text.count(number) == 1
    assert SAID not in caplog.text
    content, started_at, try_at, attempts, reason = await stored(engine, number)
    assert (started_at, try_at, attempts) == (None, None, 1)
    assert content is not None
    assert str(reason).startswith("different_content: ")
    shown = (await Metrics().exposition(register)).decode()
    family = next(one for one in text_string_to_metric_families(shown) if one.name == "hotline_kept_cases")
    assert {one.labels["state"]: one.value for one in family.samples} == {"waiting": 0, "failing": 0, "refused": 1}
    # Somebody has seen to it.
    starts.fails = lambda _: None
    await register.kept.retry(number)
    await relay.look()
    assert starts.begun == [number_of(fine), number]


async def test_one_that_cannot_be_started_is_tried_again_later_and_later(
    register: Register, caplog: pytest.LogCaptureFixture
) -> None:
    await register.kept.keep(receipt("1"))
    now = [datetime.now(UTC)]
    errors = [NotStartedError("the engine does not take it (INVALID_ARGUMENT)"), ValueError(SAID)]
    starts = Starts(fails=lambda _: errors[0] if errors else None)
    relay = Relay(register.kept, starts, clock=lambda: now[0])
    await relay.look()
    first = (await register.kept.list())[0]
    assert (first.state, first.attempts) == ("failing", 1)
    assert "INVALID_ARGUMENT" in first.reason
    await relay.look()
    assert (await register.kept.list())[0] == first
    waits = []
    errors.pop(0)
    for _ in range(12):
        tried = (await register.kept.list())[0].try_at
        assert tried is not None
        waits.append(tried - now[0])
        now[0] = tried
        await relay.look()
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(minutes=5)
    assert "ValueError" in (await register.kept.list())[0].reason
    assert SAID not in caplog.text
    errors.clear()
    now[0] += timedelta(minutes=5)
    await relay.look()
    assert len(starts.begun) == 1


async def test_one_that_this_release_cannot_read_is_kept_for_one_that_can(
    register: Register, engine: AsyncEngine
) -> None:
    unreadable, fine = receipt("unreadable", priority=1), receipt("fine")
    for command in (unreadable, fine):
        await register.kept.keep(command)
    strange = text("UPDATE kept_cases SET command = '{\"a\": 1}'::jsonb WHERE number = :number")
    async with engine.begin() as connection:
        await connection.execute(strange, {"number": number_of(unreadable)})
    starts = Starts()
    await Relay(register.kept, starts).look()
    assert starts.begun == [number_of(fine)]
    assert [one.state for one in await register.kept.list()] == ["failing"]


async def test_the_command_lists_them_and_has_one_tried_again(
    register: Register, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = written(tmp_path / "keys.json")
    for name, value in (("DATABASE_URL", database_url), ("STATE", str(tmp_path)), ("KEYS", str(keys))):
        monkeypatch.setenv(f"HOTLINE_{name}", value)
    monkeypatch.setenv("COLUMNS", "80")

    async def hotline(*words: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, ["kept", *words])

    assert (await hotline()).stderr == "no complaint is kept: every case is started\n"
    refused, waiting = receipt("refused", priority=1), receipt("waiting")
    await register.kept.keep(refused)
    await Relay(register.kept, Starts(fails=other_content)).look()
    await register.kept.keep(waiting)
    listed = await hotline()
    assert listed.exit_code == 0, listed.stderr
    assert (await hotline("list")).stdout == listed.stdout
    assert listed.stdout.index(number_of(refused)) < listed.stdout.index(number_of(waiting))
    assert listed.stdout.splitlines()[-1] == "1 waiting, 1 refused"
    assert "different_content" in listed.stdout
    assert SAID not in (await hotline("--json")).stdout
    assert number_of(refused) in (await hotline("retry", number_of(refused))).stdout
    assert await register.kept.counts() == {"waiting": 1, "failing": 1, "refused": 0}
    unknown = await hotline("retry", number_of(receipt("nobody")))
    assert unknown.exit_code != 0
    assert "NUMBER: no case" in unknown.stderr


async def test_without_postgresql_nothing_is_half_kept(register: Register) -> None:
    nowhere = connect("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(UnavailableError):
        await KeptCases(nowhere).keep(receipt("1"))
    with pytest.raises(UnavailableError):
        await Relay(KeptCases(nowhere), Starts()).look()
    await nowhere.dispose()
    with pytest.raises(InvalidError):
        await register.kept.retry(number_of(receipt("1")))
