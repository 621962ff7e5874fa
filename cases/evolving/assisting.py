"""What became of units that were called in."""

from cases.case import Case
from cases.events import (
    AssistAcknowledged,
    AssistAdjudicated,
    AssistProgressed,
    AssistRefused,
    AssistReleased,
    AssistReported,
    Event,
    Whistled,
)
from cases.evolving.parts import Changes, Evolver, on_assist
from cases.order import Assist, Objection
from cases.vocabulary import Value


def _whistled(case: Case, event: Event, fact: Whistled) -> Changes:
    assist = Assist(
        index=fact.assist,
        order=fact.order,
        unit=fact.unit,
        copy_to=fact.copy_to,
        called_by=fact.lead,
        task=fact.task,
        called_at=event.at,
    )
    return {"assists": (*case.assists, assist)}


def _acknowledged(case: Case, event: Event, fact: AssistAcknowledged) -> Changes:
    return on_assist(case, fact.assist, acknowledged_at=event.at)


def _refused(case: Case, event: Event, fact: AssistRefused) -> Changes:
    refusal = Objection(at=event.at, reason=fact.reason, evidence=fact.evidence)
    return on_assist(case, fact.assist, refusals=(*case.assists[fact.assist - 1].refusals, refusal))


def _adjudicated(case: Case, event: Event, fact: AssistAdjudicated) -> Changes:
    *earlier, last = case.assists[fact.assist - 1].refusals
    decided = {"decided_at": event.at, "upheld": fact.upheld, "decision": fact.reason}
    return on_assist(case, fact.assist, refusals=(*earlier, last.model_copy(update=decided)))


def _progressed(case: Case, event: Event, fact: AssistProgressed) -> Changes:
    return on_assist(case, fact.assist, progressed_at=event.at)


def _reported(case: Case, event: Event, fact: AssistReported) -> Changes:
    assist = case.assists[fact.assist - 1]
    done = on_assist(case, fact.assist, reported_at=event.at, report_note=fact.note, ended_at=event.at)
    return done if assist.refusal is None else _lapse(case, fact.assist, event, done)


def _released(case: Case, event: Event, fact: AssistReleased) -> Changes:
    ended = on_assist(case, fact.assist, ended_at=event.at, released=fact.reason)
    return ended if case.assists[fact.assist - 1].refusal is None else _lapse(case, fact.assist, event, ended)


def _lapse(case: Case, index: int, event: Event, ended: Changes) -> Changes:
    """A refusal that nobody decided on needs no decision any more."""
    changed = case.model_copy(update=ended)
    *earlier, last = changed.assists[index - 1].refusals
    return on_assist(changed, index, refusals=(*earlier, last.model_copy(update={"lapsed_at": event.at})))


EVOLVERS: dict[type[Value], Evolver] = {
    Whistled: _whistled,
    AssistAcknowledged: _acknowledged,
    AssistRefused: _refused,
    AssistAdjudicated: _adjudicated,
    AssistProgressed: _progressed,
    AssistReported: _reported,
    AssistReleased: _released,
}
