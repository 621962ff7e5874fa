"""Which cases are due for erasing, by the rules of their policies, and in which order (Art. 8, 28)."""

from datetime import datetime, timedelta
from typing import Any

from cases.city import City
from cases.policy import Policy
from cases.retention import Age, Retention
from cases.routing import Catalogue
from cases.vocabulary import Kind
from records import retention_rules
from records.erasures import Due
from records.register import Register
from tests.records.erased import STEPS, SUPERVISOR, erase, lived, receipt, recorded
from tests.unit.narrative import NOON, POLICY

RULES = Retention(
    default=Age.parse("3 years"),
    kinds={Kind.REPORT: Age.parse("5 years")},
    categories={"roads": Age.parse("2 years"), "roads/bridge": Age.parse("10 years")},
)


def policy(code: str, version: str, **changed: Any) -> Policy:
    return POLICY.model_copy(update={"policy": code, "version": version, "retention": RULES} | changed)


async def due_at(register: Register, now: datetime, *policies: Policy, **asked: Any) -> list[Due]:
    return await register.erasures.due({one.policy: one for one in policies}, now, **asked)


async def test_a_case_is_due_by_the_rule_of_its_kind_and_category_and_no_earlier(register: Register) -> None:
    town = policy("town", "2")
    told: dict[str, str] = {}
    for kind in (Kind.COMPLAINT, Kind.REPORT):
        for category in ("roads", "roads/pothole", "roads/bridge", "roadside", "water"):
            number = await recorded(register, lived(receipt(f"{kind}{category}", town, kind=kind, category=category)))
            told[number] = f"{kind} {category}"
    row = await register.row(next(iter(told)))
    assert row is not None
    assert row.closed_at is not None
    ended = row.closed_at.astimezone(town.city_zone)
    for number, name in told.items():
        named_kind, _, category = name.partition(" ")
        age = RULES.of(Kind(named_kind), category)
        assert age is not None
        reached = ended.replace(year=ended.year + age.amount)
        before = await due_at(register, reached - timedelta(seconds=1), town)
        assert number not in {one.number for one in before}, name
        assert number in {one.number for one in await due_at(register, reached, town)}, name
    (one,) = [
        one for one in await due_at(register, ended.replace(year=ended.year + 2), town) if "pothole" in one.category
    ]
    assert one.rule == "2 years after its end, by policy town 2"


async def test_what_is_open_on_hold_or_erased_is_not_due_and_each_policy_has_its_own_rules(register: Register) -> None:
    town, village = policy("town", "2"), policy("village", "1", retention=None)
    key = await register.seals.new_key()
    open_one = await recorded(register, lived(receipt("open", town), key, steps=STEPS[:1]))
    held = await recorded(register, lived(receipt("held", town)))
    gone = await recorded(register, lived(receipt("gone", town)))
    ready = await recorded(register, lived(receipt("ready", town)))
    other = await recorded(register, lived(receipt("village", village)))
    await register.legal_holds.place(held, "court", SUPERVISOR)
    await erase(register, gone)
    much_later = NOON + timedelta(days=20 * 366)
    assert [one.number for one in await due_at(register, much_later, town, village)] == [ready]
    assert not await due_at(register, much_later, policy("town", "3", retention=None))
    with_rules = policy("village", "2")
    found = {one.number for one in await due_at(register, much_later, town, with_rules)}
    assert found == {ready, other}
    await register.legal_holds.lift(held, "over", SUPERVISOR)
    assert {one.number for one in await due_at(register, much_later, town)} == {ready, held}
    assert open_one not in found


async def test_what_is_due_comes_page_by_page_also_over_two_policies(register: Register) -> None:
    town, village = policy("town", "2"), policy("village", "1")
    made = set()
    for index in range(4):
        for one in (town, village):
            act = receipt(f"{one.policy}{index}", one)
            made.add(await recorded(register, lived(act, at=timedelta(days=index))))
    later = NOON + timedelta(days=20 * 366)
    seen: list[Due] = []
    while page := await due_at(register, later, town, village, limit=3, after=seen[-1].place if seen else None):
        assert len(page) <= 3
        seen += page
    assert {one.number for one in seen} == made
    assert len(seen) == len(made)
    assert [one.policy for one in seen] == ["town"] * 4 + ["village"] * 4
    assert seen == sorted(seen, key=lambda one: (one.policy, one.closed_at, one.number))


async def test_the_rules_of_today_are_those_of_the_version_in_force(register: Register) -> None:
    versions = [policy("town", version) for version in ("1", "2", "3")]
    for one in versions:
        await register.policies.put(City(one, Catalogue([], [], [])))
    assert (await retention_rules.today(register.policies))["town"].version == "3", "none ever was in force"
    for version in ("3", "1"):
        await register.policies.put_in_force("town", version)
    assert (await retention_rules.today(register.policies))["town"] == versions[0]
