"""Suggestions from the register: which cases, in which order, and from which rows."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from cases.acts.linking import Join
from cases.commands import Command
from cases.decide import decide
from cases.events import Event
from cases.evolve import fold
from cases.likeness import SCALE, Matter
from cases.vocabulary import Complainant, Location
from records.candidates import Asked, Candidate, near
from records.register import Register
from tests.records.histories import begun, number_of, withdrawn
from tests.unit.narrative import DESK, NOON, ROADS

OUTAGE = "utilities/water-outage"
NOISE = "noise/night-construction"
HOME = Location(area="chaoyang", address="样例路 12 号", latitude=39.9, longitude=116.4)
CALLER = Complainant(name="王女士", phone="+86 138 0000 0001")
DRY = "幸福里小区3号楼从昨天夜里开始停水，请尽快恢复供水。"
DRY_TOO = "我们幸福里小区停水一天了，什么时候能恢复供水？"


def told(reference: str, hours: float = 1, **complaint: Any) -> list[Event]:
    """The first events of a complaint that came in so many hours before noon."""
    complaint = {"category": OUTAGE, "description": "Something else entirely.", "subject": None} | complaint
    return begun(reference, NOON - timedelta(hours=hours), **complaint)


def joined(events: list[Event], incident: str) -> list[Event]:
    """The events that follow when a case is handled through an incident."""
    act = Join(incident=incident, unit=ROADS, reason="one burst pipe")
    return decide(fold(events), Command(id="join", actor=DESK, act=act), NOON)


def asked(**fields: Any) -> Asked:
    own = {"linked", "source", "limit", "scale"}
    matter = {"category": OUTAGE, "text": DRY, "location": HOME, "received_at": NOON} | fields
    matter = {name: value for name, value in matter.items() if name not in own}
    return Asked(matter=Matter(**matter), **{name: fields[name] for name in own & set(fields)})


async def kept(register: Register, *histories: list[Event]) -> list[str]:
    for events in histories:
        await register.record(number_of(events), events)
    return [number_of(events) for events in histories]


async def suggested(register: Register, **fields: Any) -> list[Candidate]:
    return await register.candidates(asked(**fields))


async def numbers(register: Register, **fields: Any) -> list[str]:
    return [one.case.number for one in await suggested(register, **fields)]


async def test_the_likeliest_comes_first(register: Register) -> None:
    both, near_by, alike, _ = await kept(
        register,
        told("both", description=DRY_TOO, location=HOME),
        told("near", hours=72, location=Location(latitude=39.901, longitude=116.401)),
        told("alike", description=DRY_TOO),
        told("neither"),
    )
    found = await numbers(register)
    assert found[0] == both
    assert set(found) == {both, near_by, alike}


async def test_the_same_persons_is_a_repeat_and_anybody_elses_an_incident(register: Register) -> None:
    own, other = await kept(
        register,
        told("own", description=DRY_TOO, complainant=Complainant(phone="13800000001")),
        told("other", description=DRY_TOO, complainant=Complainant(phone="13800000002")),
    )
    found = await suggested(register, complainant=CALLER)
    assert [(one.case.number, one.score.kind) for one in found] == [(own, "repeat"), (other, "incident")]


async def test_another_category_in_the_same_area_is_found_by_its_words(register: Register) -> None:
    (mistaken,) = await kept(
        register, told("mistaken", category="utilities/other", description=DRY, location=Location(area="chaoyang"))
    )
    assert await numbers(register, location=Location(area="chaoyang")) == [mistaken]


async def test_without_words_place_and_time_are_enough(register: Register) -> None:
    (neighbour,) = await kept(register, told("neighbour", location=HOME))
    assert await numbers(register, text="") == [neighbour]


async def test_what_is_too_old_later_or_linked_is_left_out(register: Register) -> None:
    _, later, linked = await kept(
        register,
        told("old", hours=31 * 24, description=DRY, location=HOME),
        told("later", hours=-1, description=DRY, location=HOME),
        told("linked", description=DRY, location=HOME),
    )
    assert await numbers(register, linked=[linked]) == []
    assert await numbers(register, received_at=NOON + timedelta(hours=2), linked=[linked]) == [later]
    assert len(await numbers(register, scale=SCALE.model_copy(update={"days": 60}), linked=[linked])) == 1


async def test_the_case_that_leads_stands_for_those_that_follow_it(register: Register) -> None:
    lead = told("lead", hours=40 * 24, description="A burst pipe.", location=HOME)
    first, second = (told(name, description=DRY_TOO, location=HOME) for name in ("first", "second"))
    (leading, one, _) = await kept(
        register, lead, *(events + joined(events, number_of(lead)) for events in (first, second))
    )
    (found,) = await suggested(register)
    assert (found.case.number, found.leads) == (leading, True)
    assert found.through in {one, number_of(second)}
    assert await numbers(register, linked=[leading]) == []
    own = told("own", description=DRY_TOO, location=HOME, complainant=CALLER)
    (repeat,) = await kept(register, own + joined(own, leading))
    found = (await suggested(register, complainant=CALLER))[0]
    assert (found.case.number, found.score.kind, found.through) == (repeat, "repeat", None)


async def test_a_case_that_nobody_follows_does_not_lead(register: Register) -> None:
    await kept(register, told("alone", description=DRY, location=HOME))
    assert [one.leads for one in await suggested(register)] == [False]


async def test_a_bound_to_a_source_hides_the_others(register: Register) -> None:
    lead = told("lead", description=DRY, location=HOME)
    follower = told("follower", description=DRY, location=HOME, source="app")
    _, own = await kept(register, lead, follower + joined(follower, number_of(lead)))
    found = await suggested(register, source="app")
    assert [(one.case.number, one.through) for one in found] == [(own, None)]


async def test_no_more_than_were_asked_for(register: Register) -> None:
    await kept(register, *(told(f"case-{index}", description=DRY, location=HOME) for index in range(4)))
    assert len(await numbers(register, limit=3)) == 3


async def test_open_cases_are_compared_before_closed_ones(register: Register, engine: AsyncEngine) -> None:
    newer, older = told("newer"), told("older", hours=100)
    ended, running = await kept(register, newer + withdrawn(newer), older)
    async with engine.connect() as connection:
        assert list((await connection.execute(near(asked()))).scalars()) == [running, ended]


@pytest.mark.parametrize("area", [None, "chaoyang"])
async def test_a_large_register_is_read_from_its_indexes_and_only_so_far(
    register: Register, engine: AsyncEngine, area: str | None
) -> None:
    await kept(register, told("pattern", location=HOME))
    others = "version, status, level, kind, channel, source, content_fingerprint, policy, policy_version, updated_at, "
    others += "breached, returns, rounds"
    wanted = near(asked(location=Location(area=area)))
    spelled = wanted.compile(dialect=engine.dialect, compile_kwargs={"literal_binds": True})
    async with engine.begin() as connection:
        # Two thousand a day, a tenth of them of the category and an eighth of the area.
        await connection.exec_driver_sql(
            f"INSERT INTO cases (number, received_at, category, area, {others}) "  # noqa: S608 - fixed text
            f"SELECT number || '-' || n, received_at - n * interval '43 seconds', "
            f"CASE mod(n, 10) WHEN 0 THEN category ELSE 'other-' || mod(n, 10) END, "
            f"CASE mod(n, 8) WHEN 0 THEN area ELSE 'area-' || mod(n, 8) END, {others} "
            f"FROM cases, generate_series(1, 60000) AS n"
        )
        await connection.exec_driver_sql("ANALYZE cases")
        plan = "\n".join((await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS OFF) {spelled}")).scalars())
    assert "Seq Scan" not in plan
    assert "cases_category_received" in plan
    assert ("cases_area_received" in plan) == (area is not None)
    read = [int(line.split("rows=")[-1].split(".")[0].split()[0]) for line in plan.splitlines() if " Scan" in line]
    assert max(read) <= 1_000, plan
