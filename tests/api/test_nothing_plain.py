"""Nothing that people say, and nobody's name, stands in PostgreSQL to be read, by whatever step it came (Art. 8)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import httpx
import psycopg
import pytest_asyncio

from cases.commands import Act
from cases.limits import Budget, Limit
from cases.rules import AppealRules
from cases.sealed import PERSONAL
from cases.vocabulary import Satisfaction, Value
from hotline.policies import City
from records.register import Register
from tests.api.conftest import OTHER_UNIT, SUBDISTRICT, UNIT, Headers, at_the_desk, do, shown, started
from tests.api.signing_system import System

NAME, PHONE, MAIL, ADDRESS = "王小明", "13912345678", "wang.xiaoming@example.org", "建国路八十八号三单元"
WORD = "平江暗语"
"""Stands in every text that is given."""
PLANTED = (NAME, PHONE, MAIL, ADDRESS, WORD, "39.908723", "116.397499")
BY_THE_SERVICE = {"adopt", "fail_delivery", "relay"}
"""Acts with texts that nobody sends."""

COMPLAINT: dict[str, Any] = {
    "subject": f"{NAME}：{WORD}",
    "description": f"{WORD}，我叫{NAME}，电话{PHONE}，住{ADDRESS}。",
    "location": {"area": "chaoyang", "address": ADDRESS, "latitude": 39.908723, "longitude": 116.397499},
    "complainant": {"name": NAME, "phone": PHONE, "email": MAIL},
}
UNSOLVED: dict[str, Any] = {"reached": True, "contacted": True, "solved": False, "satisfaction": "dissatisfied"}


def acts_with_texts() -> set[str]:
    """The acts in which a text may stand that tells of a person."""
    return {kind.model_fields["type"].default for kind in get_args(get_args(Act)[0]) if _is_personal(kind)}


def _is_personal(kind: Any) -> bool:
    if kind is PERSONAL:
        return True
    if isinstance(kind, type) and issubclass(kind, Value):
        fields = kind.model_fields.values()
        return any(_is_personal(one) for field in fields for one in (field.annotation, *field.metadata))
    return any(map(_is_personal, get_args(kind)))


class Journey:
    """Steps of cases, each with the word in its texts."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.taken = {"receive"}

    async def go(self, key: Headers, number: str, step: str, *texts: str, act: str = "", **body: Any) -> None:
        """Take a step with these texts, and whatever else it needs."""
        await do(self.client, key, f"{number}/{step}", **body, **dict.fromkeys(texts, f"{WORD} {step} {NAME}"))
        self.taken.add(act or step.replace("-", "_"))


@pytest_asyncio.fixture
async def journey(under: Callable[..., httpx.AsyncClient], city: City) -> AsyncIterator[Journey]:
    rules = city.policy.callback
    assert rules is not None
    appeal = AppealRules(
        within=Budget.parse("30 days"),
        unlocked_by=(Satisfaction.DISSATISFIED,),
        resolve=Limit(within=Budget.parse("20 days")),
    )
    at_any_hour = rules.model_copy(update={"hours": None, "apart": Budget.parse("0 minutes")})
    async with under(callback=at_any_hour, appeal=appeal) as client:
        yield Journey(client)


async def handled(journey: Journey, intake: Headers, unit: Headers, desk: Headers, supervisor: Headers) -> str:
    """A case that a unit works on, with all that it may ask for."""
    number = await started(journey.client, intake, **COMPLAINT)
    for step in ("acknowledge", "contact", "progress"):
        await journey.go(unit, number, step, "note")
    await journey.go(unit, number, "extension", "reason", act="request_extension", by="1 day")
    await journey.go(supervisor, number, "extension/decision", "reason", act="decide_extension", granted=True)
    await journey.go(unit, number, "wait", "reason")
    await journey.go(intake, number, "supplement", "note", channel="phone")
    review, until = ((datetime.now(UTC) + timedelta(days=days)).isoformat() for days in (30, 60))
    await journey.go(supervisor, number, "hold", "plan", "owner", "exit", reviews=[review], until=until)
    await journey.go(unit, number, "review", "note")
    await journey.go(unit, number, "resume", "reason")
    await journey.go(unit, number, "escalate", "reason", to="water-authority")
    await journey.go(intake, number, "urge", "note")
    await journey.go(desk, number, "supervise", "reason")
    await journey.go(desk, number, "note", "text")
    return number


async def called_in(journey: Journey, number: str, unit: Headers, subdistrict: Headers, district: Headers) -> None:
    """Others are called in, refuse, and report all the same."""
    await journey.go(unit, number, "whistle", calls=[{"unit": SUBDISTRICT, "task": WORD}])
    parts: list[tuple[Headers, str, tuple[str, ...], dict[str, Any]]] = [
        (subdistrict, "acknowledge", ("note",), {}),
        (subdistrict, "refuse", ("reason", "evidence"), {}),
        (district, "adjudicate", ("reason",), {"upheld": False}),
        (subdistrict, "progress", ("note",), {}),
        (subdistrict, "report", ("note",), {}),
    ]
    for key, step, texts, more in parts:
        await journey.go(key, number, f"assists/1/{step}", *texts, act=f"assist_{step}", **more)


async def ended(
    journey: Journey, number: str, intake: Headers, unit: Headers, desk: Headers, supervisor: Headers
) -> None:
    """Two rounds that solve nothing, the end, and what the complainant says to that."""
    for _ in range(2):
        await journey.go(unit, number, "report", "note", "missing_reason", outcome="solved")
        await journey.go(desk, number, "callback", "note", **UNSOLVED)
        if (await shown(journey.client, desk, number))["status"] == "dispatched":
            await journey.go(unit, number, "acknowledge", "note")
    await journey.go(supervisor, number, "close", "reason", outcome="unsolved")
    await journey.go(unit, number, "contact", "note")
    await journey.go(intake, number, "rate", "note", satisfaction="dissatisfied")
    await journey.go(intake, number, "appeal", "reason")


async def disputed(journey: Journey, intake: Headers, unit: Headers, desk: Headers, supervisor: Headers) -> list[str]:
    """Cases whose unit has to be found, and such as need none."""
    number = await at_the_desk(journey.client, intake, **COMPLAINT | {"location": {"address": ADDRESS}})
    await journey.go(desk, number, "consult", "question", units=[UNIT, OTHER_UNIT])
    await journey.go(desk, number, "dispatch", "reason", unit=UNIT)
    await journey.go(unit, number, "return", "reason", "evidence", proposed=OTHER_UNIT)
    await journey.go(desk, number, "adjudicate", "reason", upheld=False)
    await journey.go(desk, number, "reassign", "reason", unit=OTHER_UNIT)
    await journey.go(supervisor, number, "designate", "reason", unit=UNIT)
    asked = await at_the_desk(journey.client, intake, kind="consultation", description=WORD)
    await journey.go(desk, asked, "answer", "told")
    unlawful = await at_the_desk(journey.client, intake, description=WORD)
    await journey.go(desk, unlawful, "not-dispatch", "told", ground="unlawful")
    at_once = {"ground": "unlawful", "told": WORD}
    told = await started(journey.client, intake, description=WORD, unit=None, triage=at_once)
    follower = await at_the_desk(journey.client, intake, description=WORD)
    await journey.go(desk, follower, "join", "reason", incident=number)
    await journey.go(intake, follower, "withdraw", "reason")
    await journey.go(intake, follower, "reopen", "reason")
    return [number, asked, unlawful, told, follower]


async def recorded(client: httpx.AsyncClient, register: Register, desk: Headers, numbers: list[str]) -> None:
    """Wait until the register holds all that happened."""
    for number in numbers:
        for _ in range(200):
            row = await register.row(number)
            if row is not None and row.version >= (await shown(client, desk, number))["version"]:
                break
            await asyncio.sleep(0.05)
        else:
            raise TimeoutError(f"{number} is not recorded")


def found_in(database_url: str, words: tuple[str, ...]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """How many rows each table has, and in which of them which of the words stands."""
    rows: dict[str, int] = {}
    plain: list[tuple[str, str]] = []
    with psycopg.connect(database_url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            texts = [row[0] for row in connection.execute(f'SELECT one::text FROM "{table}" AS one')]  # noqa: S608
            rows[table] = len(texts)
            # What is kept as bytes shows in hexadecimal.
            plain += [
                (table, word) for word in words if any(word in text or word.encode().hex() in text for text in texts)
            ]
    return rows, plain


async def test_no_table_holds_a_word_of_what_anybody_said(
    journey: Journey,
    register: Register,
    database_url: str,
    intake: Headers,
    unit: Headers,
    other_unit: Headers,
    subdistrict: Headers,
    desk: Headers,
    supervisor: Headers,
) -> None:
    number = await handled(journey, intake, unit, desk, supervisor)
    await called_in(journey, number, unit, subdistrict, other_unit)
    system = System(journey.client, await register.systems.new_secret(UNIT, timedelta(0)))
    signed = await system.tell("note", number, text=f"{WORD} {NAME}")
    assert signed.status_code == 200, signed.text
    await ended(journey, number, intake, unit, desk, supervisor)
    others = await disputed(journey, intake, unit, desk, supervisor)
    assert acts_with_texts() - BY_THE_SERVICE == journey.taken
    await recorded(journey.client, register, desk, [number, *others])

    rows, plain = found_in(database_url, PLANTED)
    assert plain == []
    # What tells nothing of anybody is found, so a word would be.
    assert ("case_events", "water-authority") in found_in(database_url, ("water-authority",))[1]
    for table in ("cases", "case_events", "unit_orders", "notices", "data_keys"):
        assert rows[table] > 0, table
    told = await shown(journey.client, desk, number, "/events")
    assert str(told).count(WORD) >= 30
