"""The demonstration's units and samples."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI

from hotline.demonstration import conduct
from hotline.demonstration.complaints import samples
from hotline.demonstration.conduct import Manner
from hotline.demonstration.units import Units
from hotline.door import Door
from hotline.policies import load
from hotline.unit_simulator.order import Due, Order
from tests.serving import served

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def order(number: int, index: int = 1, unit: str = "water") -> Order:
    limits = {"acknowledgment": 120, "handling": 1440, "resolution": 10_080}
    return Order(
        about="dispatched",
        key="key",
        case_number=f"case-{number}",
        order=index,
        unit=unit,
        category="water",
        dispatched_at=AT,
        deadlines=tuple(Due(name=name, due_at=AT + timedelta(seconds=limit)) for name, limit in limits.items()),
    )


def test_most_orders_are_handled_in_time_and_some_are_not() -> None:
    manners = Counter(conduct.manner(f"case-{number}", 1) for number in range(2000))
    assert set(manners) == set(Manner)
    handled = Manner.PROMPT, Manner.CALLING, Manner.WAITING, Manner.ASKING
    assert sum(manners[one] for one in handled) > 1400


def test_the_same_order_always_meets_the_same_unit() -> None:
    assert [conduct.steps(order(number)) for number in range(50)] == [conduct.steps(order(n)) for n in range(50)]


def test_prompt_units_keep_every_limit_and_late_ones_do_not() -> None:
    due = {"acknowledge": "acknowledgment", "contact": "handling", "report": "resolution"}
    for number in range(200):
        limits = {one.name: one.due_at for one in order(number).deadlines}
        late = [step.act for step in conduct.steps(order(number)) if limits[due.get(step.act, "resolution")] < step.at]
        manner = conduct.manner(f"case-{number}", 1)
        assert bool(late) == (manner is Manner.LATE), (manner, late)


def test_units_call_others_in_wait_and_ask_for_time_before_they_report() -> None:
    found: dict[str, list[str]] = {}
    for number in range(300):
        steps = conduct.steps(order(number), ["power", "parks"])
        found.setdefault(conduct.manner(f"case-{number}", 1), [step.act for step in steps])
    assert found[Manner.CALLING] == ["acknowledge", "contact", "whistle", "report"]
    assert found[Manner.WAITING] == ["acknowledge", "contact", "wait", "resume", "report"]
    assert found[Manner.ASKING] == ["acknowledge", "contact", "extension", "report"]


def test_a_unit_that_is_called_in_comes_or_refuses() -> None:
    called = [order(number).model_copy(update={"assist": 2, "about": "assist"}) for number in range(60)]
    acts = {tuple(step.act.format(one.assist) for step in conduct.steps(one)) for one in called}
    assert acts == {("assists/2/acknowledge", "assists/2/report"), ("assists/2/refuse",)}


def test_a_second_order_is_never_returned() -> None:
    assert all(step.act != "return" for number in range(500) for step in conduct.steps(order(number, 2)))


def test_a_system_that_answers_at_once_says_what_its_unit_would_do() -> None:
    units = {unit: conduct.at_once(order(1, unit=unit)) for unit in load("beijing").catalogue.units}
    quick = {unit for unit, answer in units.items() if answer}
    assert 10 < len(quick) < len(units) - 10
    unit = min(quick)
    for number in range(300):
        answer = conduct.at_once(order(number, unit=unit))
        manner = conduct.manner(f"case-{number}", 1)
        wanted = {Manner.RETURNING: "refused", Manner.SILENT: None, Manner.LATE: None}.get(manner, "accepted")
        assert (answer["answer"] if answer else None) == wanted, manner
    slow = min(set(units) - quick)
    assert all(conduct.at_once(order(number, unit=slow)) is None for number in range(300))


def test_both_kinds_of_units_are_on_show() -> None:
    units = load("beijing").catalogue.units.values()
    reading = {one.code for one in units if conduct.reads_mailbox(one.code, one.kind)}
    assert {one.kind for one in units if one.code in reading} == {"subdistrict", "township"}
    assert 5 < len(reading) < len(units) / 2
    assert any(one.kind == "subdistrict" and one.code not in reading for one in units)


def test_some_consultations_are_answered_at_once_and_nothing_else_is() -> None:
    answered = [one for one in samples() if "triage" in one]
    assert {one["kind"] for one in answered} == {"consultation"}
    assert len(answered) < sum(one["kind"] == "consultation" for one in samples())


def test_the_samples_are_matters_that_the_default_policy_knows() -> None:
    categories = load("beijing").catalogue.categories
    found = samples()
    assert len({(one["source"], one["source_ref"]) for one in found}) == len(found) == 60
    assert {one["category"] for one in found} <= set(categories)
    assert {categories[one["category"]].level for one in found} == {"emergency", "utility", "general", "complex"}


class Doors:
    """The service's doors for the units, as a real HTTP server: it takes every step, and remembers it."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.case: dict[str, Any] = {}
        self._app = FastAPI()
        self._app.add_api_route("/v1/cases/{number}/{act:path}", self._step, methods=["POST"])
        self._app.add_api_route("/v1/cases/{number}", self._case, methods=["GET"])

    def _step(self, number: str, act: str) -> dict[str, str]:
        self.steps.append(act)
        status = {"acknowledge": "acknowledged", "report": "reported"}.get(act, "in_progress")
        return {"status": status}

    def _case(self, number: str) -> dict[str, Any]:
        return self.case

    @asynccontextmanager
    async def city(self) -> AsyncIterator[Units]:
        """The units behind the doors."""
        with served(self._app) as address:
            async with httpx.AsyncClient(base_url=address) as http:
                yield Units({unit: Door(http, "hl_key") for unit in (QUICK, SLOW)})

    async def until(self, last: str) -> list[str]:
        """Everything that was done, once this was."""
        async with asyncio.timeout(30):
            while last not in self.steps:  # noqa: ASYNC110 - it happens in another thread
                await asyncio.sleep(0.02)
        return self.steps


def _unit(*, quick: bool) -> str:
    units = load("beijing").catalogue.units
    return next(unit for unit in units if bool(conduct.at_once(meeting(Manner.PROMPT, unit))) == quick)


def meeting(manner: Manner, unit: str) -> Order:
    """An order that meets its unit in this manner, all of whose limits are over."""
    return next(
        one for number in range(1000) if conduct.manner((one := order(number, unit=unit)).case_number, 1) is manner
    )


def later(told: Order, about: str, sequence: int = 9) -> Order:
    return told.model_copy(update={"about": about, "sequence": sequence, "key": f"key-{sequence}"})


QUICK, SLOW = _unit(quick=True), _unit(quick=False)


async def test_a_unit_handles_what_its_system_has_signed_for_and_signs_for_the_rest() -> None:
    for unit, signed in ((QUICK, "accepted"), (SLOW, None)):
        doors = Doors()
        async with doors.city() as units:
            answer = units.take(meeting(Manner.PROMPT, unit))
            assert (answer["answer"] if answer else None) == signed
            done = await doors.until("report")
        assert done == [*([] if signed else ["acknowledge"]), "contact", "report"]


async def test_what_was_disputed_is_handled_once_the_objection_is_rejected() -> None:
    doors = Doors()
    async with doors.city() as units:
        disputed = meeting(Manner.RETURNING, QUICK)
        answer = units.take(disputed)
        assert answer is not None
        assert (answer["answer"], bool(answer["reason"])) == ("refused", True)
        assert [one.status for one in units.holdings()] == ["disputed"]
        assert units.take(later(disputed, "objection_rejected")) is None
        assert await doors.until("report") == ["acknowledge", "contact", "report"]


async def test_news_that_a_unit_does_not_know_or_that_are_no_order_are_taken_and_left() -> None:
    doors = Doors()
    async with doors.city() as units:
        told = meeting(Manner.SILENT, SLOW)
        for about in ("not_invented_yet", "urged", "copied", "consulted"):
            none = later(told, about).model_copy(update={"order": None, "dispatched_at": None, "deadlines": ()})
            assert units.take(none) is None
            units.take_letter(none)
        assert units.holdings() == []
        units.take(told)
        assert len(units.holdings(SLOW)) == 1
        units.take(later(told, "withdrawn"))
        units.take(told)
        assert units.holdings() == []
    assert doors.steps == []


async def test_a_unit_goes_on_where_it_was() -> None:
    doors = Doors()
    told = meeting(Manner.PROMPT, SLOW)
    doors.case = {"status": "acknowledged", "unit": SLOW, "orders": [{"index": 1, "objections": []}], "assists": []}
    async with doors.city() as units:
        await units.go_on(SLOW, [told, later(told, "urged")])
        assert await doors.until("report") == ["contact", "report"]
        doors.steps.clear()
        doors.case["status"] = "closed"
        await units.go_on(SLOW, [told])
        await units.go_on(SLOW, [order(999, unit=SLOW), later(order(999, unit=SLOW), "withdrawn")])
        assert units.holdings() == []
    assert doors.steps == []
