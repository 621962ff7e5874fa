"""What the unit that leads did, and what was granted to it."""

from cases.case import Case, Pause
from cases.events import (
    Acknowledged,
    Contacted,
    Event,
    ExtensionDecided,
    ExtensionRequested,
    Paused,
    Progressed,
    RaisedUp,
    Reported,
    Resumed,
    Reviewed,
)
from cases.evolving.parts import Changes, Evolver, lapsed, on_order, on_pause
from cases.order import Extension
from cases.vocabulary import Status, Value


def _acknowledged(case: Case, event: Event, fact: Acknowledged) -> Changes:
    return {"status": Status.ACKNOWLEDGED} | on_order(case, fact.order, acknowledged_at=event.at)


def _contacted(case: Case, event: Event, fact: Contacted) -> Changes:
    first = case.orders[fact.order - 1].contacted_at or event.at
    return {"status": Status.IN_PROGRESS} | on_order(case, fact.order, contacted_at=first)


def _progressed(case: Case, event: Event, fact: Progressed) -> Changes:
    return on_order(case, fact.order, progressed_at=case.orders[fact.order - 1].progressed_at or event.at)


def _reported(case: Case, event: Event, fact: Reported) -> Changes:
    return {"status": Status.REPORTED} | on_order(
        case,
        fact.order,
        reported_at=event.at,
        report=fact.outcome,
        report_note=fact.note,
        attempts=0,
        missing=fact.missing,
        missing_reason=fact.missing_reason,
        **lapsed(case.orders[fact.order - 1], event.at),
    )


def _extension_requested(case: Case, event: Event, fact: ExtensionRequested) -> Changes:
    asked = Extension(at=event.at, by=fact.by, reason=fact.reason)
    return on_order(case, fact.order, extensions=(*case.orders[fact.order - 1].extensions, asked))


def _extension_decided(case: Case, event: Event, fact: ExtensionDecided) -> Changes:
    *earlier, last = case.orders[fact.order - 1].extensions
    decided = {"decided_at": event.at, "granted": fact.granted, "by": fact.by, "decision": fact.reason}
    return on_order(case, fact.order, extensions=(*earlier, last.model_copy(update=decided)))


def _paused(case: Case, event: Event, fact: Paused) -> Changes:
    pause = Pause(
        index=fact.pause,
        begun_at=event.at,
        **fact.model_dump(include={"kind", "order", "unit", "reason", "until", "plan", "owner", "exit", "reviews"}),
    )
    return {"pauses": (*case.pauses, pause)}


def _reviewed(case: Case, event: Event, fact: Reviewed) -> Changes:
    return on_pause(case, fact.pause, reviewed=(*case.pauses[fact.pause - 1].reviewed, event.at))


def _resumed(case: Case, _: Event, fact: Resumed) -> Changes:
    return on_pause(case, fact.pause, ended_at=fact.at, ended_by=fact.reason)


def _raised_up(case: Case, _: Event, fact: RaisedUp) -> Changes:
    return {} if fact.to in ("supervisor", *case.asked) else {"asked": (*case.asked, fact.to)}


EVOLVERS: dict[type[Value], Evolver] = {
    Acknowledged: _acknowledged,
    Contacted: _contacted,
    Progressed: _progressed,
    Reported: _reported,
    ExtensionRequested: _extension_requested,
    ExtensionDecided: _extension_decided,
    Paused: _paused,
    Reviewed: _reviewed,
    Resumed: _resumed,
    RaisedUp: _raised_up,
}
