"""What earlier releases have stored is read for years: their events still fold to the same cases and limits."""

import json
from pathlib import Path
from typing import Any

import pytest

from cases.deadlines import deadlines
from cases.decide import allowed
from cases.events import Event
from cases.evolve import fold
from cases.view import view

STORED = [
    json.loads(line)
    for file in sorted((Path(__file__).parent / "earlier").glob("*.jsonl"))
    for line in file.read_text("utf-8").splitlines()
]


@pytest.mark.parametrize("stored", STORED, ids=lambda stored: stored["name"])
def test_a_history_of_an_earlier_release_is_the_case_that_it_was(stored: dict[str, Any]) -> None:
    case = fold([Event.model_validate(event) for event in stored["events"]])
    assert case.status == stored["status"]
    found = {one.id: [one.due_at.isoformat(), one.standing] for one in deadlines(case)}
    assert found == stored["due"]
    assert view(case).number == case.number
    assert isinstance(allowed(case), list)


def test_there_are_such_histories() -> None:
    assert {stored["name"] for stored in STORED} == {"a whole life", "a returned order"}
