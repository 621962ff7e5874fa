"""A case on terminals of every width."""

from datetime import UTC, datetime
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

from cases.acts.assisting import Called
from cases.commands import Acknowledge, RequestExtension, Whistle
from cases.events import Warned
from cases.explanation import explain
from cases.limits import Budget
from hotline.case_sheet import account, case_table, event_table, sheet
from records.tables import CaseRow
from tests.unit.narrative import DISTRICT, FULL, NOON, ROADS, WATER, Narrative

ZONE = FULL.city_zone
NUMBER = "7K3Q-X2WA-HB4M-5"


def shown(what: RenderableType, width: int) -> str:
    console = Console(width=width)
    with console.capture() as capture:
        console.print(what)
    return capture.get()


def story() -> Narrative:
    told = Narrative(policy=FULL)
    told.do(Acknowledge())
    told.do(Whistle(calls=(Called(unit=WATER, task="close the valve"),)))
    told.after(hours=1).do(RequestExtension(by=Budget.parse("2 days"), reason="the pipe is old"))
    return told


def row(**more: Any) -> CaseRow:
    given: dict[str, Any] = {
        "number": NUMBER,
        "status": "acknowledged",
        "level": "emergency",
        "category": "streets/litter",
    }
    return CaseRow(**(given | {"received_at": NOON, "breached": False} | more))


@pytest.mark.parametrize("width", [80, 140])
def test_a_sheet_fits_and_tells_the_arithmetic_of_each_limit(width: int) -> None:
    text = shown(sheet(story().case, ZONE), width)
    assert max(map(cell_len, text.splitlines())) <= width
    for cells in ("handling/1", "assist_report/1", "asks for 2 days", "2026-09-02 12:00"):
        assert cells in text
    assert " ".join(text.split()).count("counted around the clock") >= 4


@pytest.mark.parametrize("width", [80, 140])
def test_events_and_explanation_fit(width: int) -> None:
    told = story()
    events = shown(event_table(told.events, ZONE), width)
    assert f"dispatched to {ROADS}, copied to {DISTRICT}" in " ".join(events.split())
    explained = shown(account(explain(told.case, told.events), ZONE), width)
    assert f"2026-09-01 12:00:00  dispatched to {ROADS}" in explained
    assert max(map(cell_len, (events + explained).splitlines())) <= width


@pytest.mark.parametrize("width", [80, 140])
def test_a_list_breaks_neither_numbers_nor_moments(width: int) -> None:
    rows = [row(unit="dongcheng-donghuamen", due_at=NOON, due_name="acknowledgment", breached=True), row(objected=True)]
    text = shown(case_table(rows, ZONE), width)
    assert f"{NUMBER}  acknowledged  emergency  2026-09-01 12:00  late" in text
    assert "dongcheng-donghuamen: streets/litter; received 2026-09-01 12:00; due: acknowledgment" in " ".join(
        text.split()
    )
    assert "desk: streets/litter" in text


@pytest.mark.parametrize(
    ("field", "mark"),
    [
        ({"paused": "complainant"}, "waits for the complainant"),
        ({"paused": "account"}, "on account"),
        ({"objected": True}, "an objection or refusal to decide"),
        ({"extension_asked": True}, "more time to decide"),
        ({"awaits_supervisor": True}, "waits for a supervisor"),
        ({"supervised": True}, "supervised"),
        ({"incident": NUMBER}, f"through {NUMBER}"),
    ],
)
def test_a_list_tells_what_a_case_waits_for(field: dict[str, Any], mark: str) -> None:
    assert mark in shown(case_table([row(**field)], ZONE), 200)
    assert mark not in shown(case_table([row()], ZONE), 200)


def test_moments_of_facts_without_words_are_told_by_the_citys_clocks() -> None:
    warned = Warned(deadline="handling/1", mark="warning 0.5", due_at=datetime(2026, 9, 1, 4, 0, tzinfo=UTC), tell=())
    event = story().events[0].model_copy(update={"fact": warned})
    told = " ".join(shown(event_table([event], ZONE), 140).split())
    assert "deadline handling/1; mark warning 0.5; due_at 2026-09-01 12:00:00" in told


@pytest.mark.parametrize(("times", "said"), [(1, "once"), (2, "2 times")])
def test_a_sheet_counts_the_urging(times: int, said: str) -> None:
    case = story().case
    urged = case.model_copy(update={"urges": (NOON,) * times})
    assert f"Urged {said} " in " ".join(shown(sheet(urged, ZONE), 140).split()) + " "
