"""A case in which people are named wherever they can be, and everything that a database holds, as one text."""

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from cases.commands import Acknowledge, Act, CallBack, Command, Contact, Receive, Report
from cases.decide import decide
from cases.events import Event
from cases.evolve import fold
from cases.owed import owed
from cases.policy import Policy
from cases.routing import Route
from cases.vocabulary import Actor, Complainant, Kind, Location, Outcome, Role, Satisfaction
from records.erasures import ON_REQUEST
from records.register import Register
from tests.unit.narrative import DESK, NOON, POLICY, ROADS, UNIT_OF_ROADS, received
from vault.sealing import DataKey, seal

NAME, PHONE, STREET = "Ouyang Feifei", "13912345678", "Plum Blossom Lane"
PLANTED = (NAME, PHONE, STREET, "Ouyang", "feifei@example.org")

ADMIN = Actor(role=Role.ADMIN, id="local:root")
SUPERVISOR = Actor(role=Role.SUPERVISOR, id="key:supervisor")

STEPS: tuple[tuple[Act, Actor], ...] = (
    (Acknowledge(note=f"taken up for {NAME}"), UNIT_OF_ROADS),
    (Contact(note=f"called {PHONE}"), UNIT_OF_ROADS),
    (Report(outcome=Outcome.SOLVED, note=f"{STREET} is mended"), UNIT_OF_ROADS),
    (
        CallBack(
            reached=True, contacted=True, solved=True, satisfaction=Satisfaction.SATISFIED, note=f"{NAME} is content"
        ),
        DESK,
    ),
)


def receipt(reference: str, policy: Policy = POLICY, **complaint: Any) -> Receive:
    """The receipt of a complaint whose every field names somebody."""
    command = received(Route(unit=ROADS, copy_to="chaoyang", reason="catalogue line 1"), policy, reference)
    assert isinstance(command.act, Receive)
    person = Complainant(name=NAME, phone=PHONE, email="feifei@example.org")
    place = Location(area="chaoyang", address=f"3, {STREET}", latitude=39.90873, longitude=116.39748)
    told = {
        "subject": f"A hole before {NAME}'s door",
        "description": f"{NAME} fell into it in {STREET}.",
        "complainant": person,
        "location": place,
        "kind": Kind.COMPLAINT,
    }
    complaint = told | complaint
    return command.act.model_copy(update={"complaint": command.act.complaint.model_copy(update=complaint)})


def lived(
    act: Receive, key: DataKey | None = None, *, steps: Iterable[tuple[Act, Actor]] = STEPS, at: timedelta = timedelta()
) -> list[Event]:
    """The whole life of a case, `at` so much later than `NOON`; sealed at the door where there is a key."""

    def command(id: str, actor: Actor, act: Act) -> Command:  # noqa: A002
        if key is None:
            return Command(id=id, actor=actor, act=act)
        return Command(id=id, actor=actor, act=seal(act, key), digest="d" * 32, origin="192.0.2.7")

    now = NOON + at
    complaint = act.complaint.model_copy(update={"received_at": now, "content": "c" * 32 if key else ""})
    events = decide(None, command("receive", DESK, act.model_copy(update={"complaint": complaint})), now)
    for index, (step, actor) in enumerate(steps):
        now += timedelta(minutes=20)
        events += decide(fold(events), command(f"step-{index}", actor, step), now)
    return events


async def recorded(register: Register, events: list[Event]) -> str:
    """Have the register know a history with what that owes; its number."""
    case = fold(events)
    orders, notices = owed(events)
    await register.record(case.number, events, case, orders, notices)
    return case.number


async def everything(engine: AsyncEngine) -> dict[str, str]:
    """All rows of every table, as texts."""
    found = {}
    async with engine.connect() as connection:
        asked = text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in (await connection.execute(asked)).all():
            rows = await connection.execute(text(f'SELECT row_to_json(t)::text FROM "{table}" t'))  # noqa: S608
            # PostgreSQL may write a letter outside ASCII as it is or by its number.
            found[table] = "\n".join(json.dumps(json.loads(row), ensure_ascii=False) for (row,) in rows)
    return found


def named(tables: dict[str, str], planted: Iterable[str] = PLANTED) -> set[tuple[str, str]]:
    """Which tables name whom."""
    return {(table, word) for table, rows in tables.items() for word in planted if word in rows}


async def erase(register: Register, number: str, reason: str = "at the person's request") -> Any:
    """Erase a case as an administrator does on request."""
    return await register.erasures.erase(number, rule=ON_REQUEST, reason=reason, actor=ADMIN, origin="192.0.2.9")
