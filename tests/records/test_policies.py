"""Cities in the register: versions that never change, which one is in force, and the cases that are held to others."""

from datetime import date, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col

from cases.calendar import Calendar
from cases.city import City
from cases.commands import Adopt, Command
from cases.decide import decide
from cases.entry import Entry, Period, Rule
from cases.errors import InvalidError
from cases.evolve import fold
from cases.limits import Budget
from cases.policy import Policy
from cases.routing import Catalogue, Category, Unit
from cases.vocabulary import SYSTEM, Actor, Role
from hotline.policies import load, names
from records.audit import AuditFilter
from records.database import transaction
from records.policies import _digest
from records.register import Register
from records.tables import PolicyRow
from tests.records.histories import begun, number_of, withdrawn
from tests.unit.narrative import FULL, NOON, POLICY

UNITS = [
    Unit(code="chaoyang", kind="district", title={"en": "Chaoyang", "zh": "朝阳区"}),
    Unit(code="roads", kind="department", title={"en": "Roads"}),
]
CATEGORIES = [
    Category(code="roads/pothole", title={"en": "Pothole"}, level="general"),
    Category(code="roads/snow", title={"en": "Snow"}, level="general"),
]
ENTRIES = [
    Entry(line=2, category="roads/pothole", unit="roads"),
    Entry(line=3, category="roads/snow", rule=Rule.BY_AREA),
    Entry(line=4, category="roads/snow", level="general", period=Period(first=date(2026, 11, 15)), unit="roads"),
]


def city(policy: Policy = POLICY, entries: list[Entry] = ENTRIES, units: list[Unit] = UNITS) -> City:
    return City(policy, Catalogue(units, CATEGORIES, entries, policy.city_zone))


def version(name: str, **changed: object) -> Policy:
    return POLICY.model_copy(update={"version": name, **changed})


def same(one: City | None, other: City) -> bool:
    return one is not None and (
        (one.policy, one.catalogue.units, one.catalogue.categories, one.catalogue.entries, one.catalogue.zone)
        == (
            other.policy,
            other.catalogue.units,
            other.catalogue.categories,
            other.catalogue.entries,
            other.catalogue.zone,
        )
    )


@pytest.mark.parametrize("name", names())
async def test_a_shipped_city_is_read_as_it_was_put(register: Register, name: str) -> None:
    put = load(name)
    assert await register.policies.put(put)
    assert same(await register.policies.city(put.policy.policy, put.policy.version), put)


async def test_every_rule_and_every_kind_of_line_is_kept(register: Register) -> None:
    calendar = Calendar(holidays=(date(2026, 10, 1),), workdays=(date(2026, 10, 10),))
    put = city(FULL.model_copy(update={"calendar": calendar}))
    await register.policies.put(put)
    assert same(await register.policies.city(FULL.policy, FULL.version), put)
    assert await register.policies.policy(FULL.policy, FULL.version) == put.policy
    assert await register.policies.city(FULL.policy, "another\x00") is None


async def test_a_version_never_changes(register: Register) -> None:
    assert await register.policies.put(city())
    assert not await register.policies.put(city(POLICY.model_validate_json(POLICY.model_dump_json())))
    moved = [entry.model_copy(update={"line": entry.line + 1}) for entry in ENTRIES]
    assert not await register.policies.put(city(entries=moved, units=UNITS[::-1]))
    assert POLICY.callback is not None
    shorter = POLICY.callback.model_copy(update={"within": Budget.parse("1 day")})
    to_another = ENTRIES[0].model_copy(update={"unit": "chaoyang"})
    renamed = UNITS[0].model_copy(update={"title": {"en": "Chao Yang"}})
    for changed in (
        city(version("1", callback=shorter)),
        city(entries=[to_another, *ENTRIES[1:]]),
        city(entries=ENTRIES[1:]),
        city(units=[renamed, *UNITS[1:]]),
    ):
        with pytest.raises(InvalidError, match="new version"):
            await register.policies.put(changed)
    assert same(await register.policies.city(POLICY.policy, POLICY.version), city())


async def test_a_version_that_an_earlier_release_kept_without_tables_gets_them(
    register: Register, engine: AsyncEngine
) -> None:
    await register.policies.put(city())
    async with transaction(engine) as connection:
        bare = {"tables": None, "digest": _digest(POLICY, {})}
        await connection.execute(update(PolicyRow).where(col(PolicyRow.version) == POLICY.version).values(bare))
    assert await register.policies.city(POLICY.policy, POLICY.version) is None
    assert not await register.policies.put(city())
    assert same(await register.policies.city(POLICY.policy, POLICY.version), city())
    with pytest.raises(InvalidError, match="other content"):
        await register.policies.put(city(entries=ENTRIES[1:]))


async def test_the_version_that_came_into_force_last_is_in_force(register: Register) -> None:
    policies = register.policies
    assert await policies.in_force(POLICY.policy) is None
    for name in ("1", "2"):
        await policies.put(city(version(name)))
    first = await policies.put_in_force(POLICY.policy, "1")
    second = await policies.put_in_force(POLICY.policy, "2")
    assert await policies.in_force(POLICY.policy) == second
    assert await policies.put_in_force(POLICY.policy, "2") == second
    again = await policies.put_in_force(POLICY.policy, "1")
    assert await policies.in_force(POLICY.policy) == again
    assert first.in_force_since is not None
    assert second.in_force_since is not None
    assert again.in_force_since is not None
    assert again.in_force_since - second.in_force_since >= timedelta(seconds=1)
    assert [one.version for one in await policies.versions(POLICY.policy)] == ["1", "2"]
    with pytest.raises(InvalidError, match="no version '3'"):
        await policies.put_in_force(POLICY.policy, "3")


async def test_policies_do_not_mind_one_another(register: Register) -> None:
    for one in (city(), city(FULL)):
        await register.policies.put(one)
        await register.policies.put_in_force(one.policy.policy, one.policy.version)
    current = await register.policies.in_force(POLICY.policy)
    assert current is not None
    assert current.policy == POLICY.policy
    assert len(await register.policies.versions()) == 2


async def test_open_cases_that_are_held_to_another_version_page_by_page(register: Register) -> None:
    histories = [begun(f"case-{index}") for index in range(7)]
    for history in histories[:6]:
        await register.record(number_of(history), history)
    ended, adopting = histories[5], histories[4]
    await register.record(number_of(ended), withdrawn(ended))
    adopt = Command(id="adopt", actor=SYSTEM, act=Adopt(terms=version("2").terms("general")))
    await register.record(number_of(adopting), decide(fold(adopting), adopt, NOON + timedelta(hours=1)))
    expected = sorted(number_of(history) for history in histories[:4])
    page = await register.policies.open_cases(POLICY.policy, "2", limit=3)
    assert [case.number for case in page] == expected[:3]
    rest = await register.policies.open_cases(POLICY.policy, "2", after=(page[-1].version, page[-1].number), limit=3)
    assert [case.number for case in rest] == expected[3:]
    assert [case.number for case in await register.policies.open_cases(POLICY.policy, "1")] == [number_of(adopting)]
    assert await register.policies.open_by_version(POLICY.policy) == {"1": 4, "2": 1}
    latest = max(case.came_in for case in [*page, *rest])
    await register.record(number_of(histories[6]), histories[6])
    late = await register.policies.open_cases(POLICY.policy, "2", came_after=latest)
    assert [case.number for case in late] == [number_of(histories[6])]


async def test_who_brings_a_version_into_force_is_in_the_audit_trail_once(register: Register) -> None:
    admin = Actor(role=Role.ADMIN, id="local:somebody")
    for _ in range(2):
        for policy in (POLICY, version("another")):
            await register.policies.put(city(policy), admin)
        await register.policies.put_in_force(POLICY.policy, "another", admin)
    entries = (await register.audit.page(AuditFilter(actor=admin.id))).items
    told = [(one.action, one.details["version"]) for one in reversed(entries)]
    assert told == [("policy_loaded", POLICY.version), ("policy_loaded", "another"), ("policy_in_force", "another")]
    assert entries[0].details["digest"] == entries[1].details["digest"]
