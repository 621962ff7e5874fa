"""The casebook tells the workflow what retrying would help, and what not."""

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.casebook import Casebook
from activities.messages import RECORD, RecordRequest
from cases.events import Event
from cases.evolve import fold
from records.register import Register
from tests.records.histories import acknowledged, begun, number_of


@pytest.fixture
def history() -> list[Event]:
    events = begun("1")
    return events + acknowledged(events)


async def _run(register: Register, events: list[Event]) -> None:
    number = number_of([*begun("1")])
    await ActivityEnvironment().run(Casebook(register).record, RecordRequest(number=number, events=tuple(events)))


async def _refused(register: Register, events: list[Event]) -> ApplicationError:
    with pytest.raises(ApplicationError) as refused:
        await _run(register, events)
    assert refused.value.non_retryable
    return refused.value


def test_it_has_the_name_that_workflows_call() -> None:
    assert RECORD == "record"
    assert Casebook.record.__temporal_activity_definition.name == RECORD  # type: ignore[attr-defined]


async def test_it_records(register: Register, history: list[Event]) -> None:
    request = RecordRequest(number=number_of(history), events=tuple(history), case=fold(history))
    await ActivityEnvironment().run(Casebook(register).record, request)
    assert await register.events(request.number) == history


async def test_a_gap_says_from_where_on(register: Register, history: list[Event]) -> None:
    await _run(register, history[:1])
    gap = await _refused(register, history[2:])
    assert (gap.type, list(gap.details)) == ("gap", [1])


async def test_a_conflict_and_an_invalid_history_are_final(register: Register, history: list[Event]) -> None:
    await _run(register, history)
    other = history[1].model_copy(update={"actor": history[1].actor.model_copy(update={"id": "another"})})
    assert (await _refused(register, [other])).type == "conflict"
    assert (await _refused(register, [history[0], history[2]])).type == "invalid"
