"""What happened to a case, told in a line each: everything that moved it or one of its limits."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from cases import events
from cases.events import Fact
from cases.vocabulary import Value


def told(fact: Fact, zone: ZoneInfo) -> str | None:
    """A fact in words, with times in a zone; none for one that moves neither the case nor a limit, like a note."""
    if (tell := _TOLD.get(type(fact))) is not None:
        return tell(fact)
    if (tell_at := _TIMED.get(type(fact))) is not None:
        return tell_at(fact, zone)
    return None


def _at(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(sep=" ", timespec="seconds")


def _with(reason: str) -> str:
    return f": {reason}" if reason else ""


def _received(fact: events.Received) -> str:
    complaint, terms = fact.complaint, fact.terms
    matter = f"{complaint.kind} about {complaint.category} by {complaint.channel} from {complaint.source}"
    where = f" in {complaint.location.area}" if complaint.location.area else ""
    held_to = f"held to policy {terms.policy} {terms.version}, level {terms.level}"
    return f"received: {matter}{where}, {held_to}{f'; to the desk: {fact.to_desk}' if fact.to_desk else ''}"


def _not_dispatched(fact: events.NotDispatched) -> str:
    ground = fact.ground
    passed = f", passed to {ground.passed_to}" if ground.passed_to else ""
    return f"not dispatched, on the ground {ground.ground}{passed}; told: {ground.told}"


def _dispatched(fact: events.Dispatched) -> str:
    how = "designated to" if fact.designated else "dispatched to"
    copy = f", copied to {fact.copy_to}" if fact.copy_to else ""
    stage = f", stage {fact.stage}" if fact.stage > 1 else ""
    return f"{how} {fact.unit}{copy} (order {fact.order}{stage}): {fact.reason}"


def _undelivered(fact: events.Undelivered) -> str:
    what = "the order" if fact.about == "dispatched" else fact.about
    return f"{what} did not reach {fact.unit}{'' if fact.final else ' in time, delivery goes on'}: {fact.reason}"


def _objected(fact: events.Objected) -> str:
    proposed = f"; it proposes {fact.proposed}" if fact.proposed else ""
    evidence = f"; evidence: {fact.evidence}" if fact.evidence else ""
    return f"{fact.unit} objects to order {fact.order}: {fact.reason}{proposed}{evidence}"


def _returned(fact: events.Returned) -> str:
    whose = "; a supervisor must designate its unit" if fact.awaits_supervisor else ""
    return f"returned by {fact.unit}: {fact.reason}{whose}"


def _reported(fact: events.Reported) -> str:
    calls = f"{'call' if len(fact.missing) == 1 else 'calls'} {', '.join(map(str, fact.missing))}"
    without = f"; without the report of {calls}: {fact.missing_reason}"
    return f"{fact.unit} reports {fact.outcome}: {fact.note}{without if fact.missing else ''}"


def _extension_decided(fact: events.ExtensionDecided) -> str:
    what = f"{fact.by} more granted to {fact.unit}" if fact.granted else f"{fact.unit} is refused {fact.by} more"
    return f"{what}{_with(fact.reason)}"


def _paused(fact: events.Paused, zone: ZoneInfo) -> str:
    until = _at(fact.until, zone)
    if fact.kind == "complainant":
        return f"{fact.unit} waits for the complainant, until {until} at the latest: {fact.reason}"
    return f"put on account until {until}: {fact.plan}; owner {fact.owner}; ends when: {fact.exit}"


def _whistled(fact: events.Whistled) -> str:
    copy = f", copied to {fact.copy_to}" if fact.copy_to else ""
    return f"{fact.lead} calls {fact.unit} in{copy} (call {fact.assist}): {fact.task}"


def _answered(fact: events.Answered) -> str:
    satisfied = f", {fact.satisfaction.replace('_', ' ')}" if fact.satisfaction else ""
    return f"the complainant says: {'solved' if fact.solved else 'not solved'}{satisfied}"


def _resumed(fact: events.Resumed, zone: ZoneInfo) -> str:
    return f"goes on since {_at(fact.at, zone)}: {fact.reason}"


def _alarmed(fact: events.Breached | events.Escalated, zone: ZoneInfo) -> str:
    due = _at(fact.due_at, zone)
    what = "was breached" if isinstance(fact, events.Breached) else f"is still not met ({fact.mark})"
    return f"limit {fact.deadline} of {fact.unit or 'the hotline'}, due {due}, {what}; told: {', '.join(fact.tell)}"


def _relayed(fact: events.Relayed) -> str:
    if fact.ended:
        return f"the incident {fact.incident} ended without a report"
    if fact.outcome is not None:
        return f"the incident {fact.incident} was reported {fact.outcome}{_with(fact.note)}"
    return f"the incident {fact.incident} is now led by {fact.unit or 'nobody'}"


_TOLD: dict[type[Value], Callable[[Any], str]] = {
    events.Received: _received,
    events.Advised: lambda fact: f"answered at once: {fact.told}",
    events.NotDispatched: _not_dispatched,
    events.Consulted: lambda fact: f"the desk asks {', '.join(fact.units)}: {fact.question}",
    events.Dispatched: _dispatched,
    events.Undelivered: _undelivered,
    events.DeliveryRetried: lambda fact: f"delivered to {fact.unit} again: {fact.about}",
    events.Objected: _objected,
    events.Adjudicated: lambda fact: (
        f"the objection of {fact.unit} is {'upheld' if fact.upheld else 'rejected'}: {fact.reason}"
    ),
    events.Returned: _returned,
    events.Recalled: lambda fact: f"taken from {fact.unit}: {fact.reason}",
    events.Referred: lambda fact: f"referred to a supervisor: {fact.reason}",
    events.Acknowledged: lambda fact: f"{fact.unit} signs for order {fact.order}",
    events.Contacted: lambda fact: f"{fact.unit} has spoken with the complainant{_with(fact.note)}",
    events.Progressed: lambda fact: f"{fact.unit} tells the complainant how far it is: {fact.note}",
    events.Reported: _reported,
    events.ExtensionRequested: lambda fact: f"{fact.unit} asks for {fact.by} more: {fact.reason}",
    events.ExtensionDecided: _extension_decided,
    events.Reviewed: lambda fact: f"reviewed on account: {fact.note}",
    events.RaisedUp: lambda fact: f"{fact.unit} asks {fact.to} for help from above: {fact.reason}",
    events.Whistled: _whistled,
    events.AssistAcknowledged: lambda fact: f"{fact.unit} signs for call {fact.assist}",
    events.AssistRefused: lambda fact: f"{fact.unit} refuses call {fact.assist}: {fact.reason}",
    events.AssistAdjudicated: lambda fact: (
        f"the refusal of {fact.unit} is {'upheld' if fact.upheld else 'rejected'}: {fact.reason}"
    ),
    events.AssistReported: lambda fact: f"{fact.unit} reports its part to {fact.lead}: {fact.note}",
    events.AssistReleased: lambda fact: f"{fact.unit} is released from call {fact.assist}: {fact.reason}",
    events.NotReached: lambda fact: f"a call-back reaches nobody (attempt {fact.attempt}){_with(fact.note)}",
    events.Answered: _answered,
    events.Urged: lambda fact: f"urged, time {fact.times}{_with(fact.note)}",
    events.Closed: lambda fact: f"closed, {fact.outcome}{_with(fact.reason)}",
    events.Rated: lambda fact: f"rated {fact.satisfaction.replace('_', ' ')}{_with(fact.note)}",
    events.Reopened: lambda fact: f"reopened: {fact.reason}",
    events.Appealed: lambda fact: f"appealed, to stage {fact.stage}: {fact.reason}",
    events.Supervised: lambda fact: f"put under supervision: {fact.reason}",
    events.Adopted: lambda fact: f"takes new terms{_with(fact.reason)}",
    events.LateReport: lambda fact: f"{fact.unit} tells after the end ({fact.act}){_with(fact.note)}",
    events.Joined: lambda fact: f"handled through the incident {fact.incident}, which {fact.unit} leads: {fact.reason}",
    events.Relayed: _relayed,
}

_TIMED: dict[type[Value], Callable[[Any, ZoneInfo], str]] = {
    events.Paused: _paused,
    events.Resumed: _resumed,
    events.Breached: _alarmed,
    events.Escalated: _alarmed,
}
