"""What an event owes to the world outside: orders to carry to units, people to tell, other cases to tell."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Literal, NamedTuple

from cases.case import Case
from cases.commands import Act, Command, Follow, Relay, Repeat, fingerprint
from cases.events import (
    Adjudicated,
    Appealed,
    AssistAdjudicated,
    AssistProgressed,
    AssistRefused,
    AssistReleased,
    AssistReported,
    Breached,
    Closed,
    Consulted,
    DeliveryRetried,
    Dispatched,
    Escalated,
    Event,
    ExtensionDecided,
    ExtensionRequested,
    Fact,
    Followed,
    Joined,
    LateReport,
    NotDispatched,
    Objected,
    Paused,
    Progressed,
    RaisedUp,
    Recalled,
    Received,
    Referred,
    Relayed,
    Reopened,
    Reported,
    Resumed,
    Returned,
    Supervised,
    Supplemented,
    Undelivered,
    Urged,
    Warned,
    Whistled,
)
from cases.order import Order
from cases.vocabulary import SYSTEM, Outcome, Value

_OF_ORDERS = frozenset({"acknowledgment", "handling", "progress", "resolution", "callback"})
"""The deadlines that are numbered by the order they belong to."""

_ALARMS = frozenset({"warned", "breached", "escalated"})

COMPLAINANT, DESK, SUPERVISOR = "complainant", "desk", "supervisor"


class Effect(Value):
    """One thing to do outside, under a key that stays the same over retries, restarts and resets.

    `to` is the unit's code for an order, the audience for a notice, the number of another case to tell. `assist` says
    which unit called in an order is for. The key tells a receiver that it has done this already.
    """

    key: str
    kind: Literal["order", "notice", "case"]
    about: str
    to: str
    seq: int
    assist: int | None = None


class _Owed(NamedTuple):
    kind: Literal["order", "notice", "case"]
    about: str
    to: str
    assist: int | None = None
    besides: str = ""
    """Tells apart what one command owes to one addressee more than once."""


def effects(case: Case, event: Event) -> list[Effect]:
    """What an event owes, given the case as the event left it.

    A unit is told of everything that changes an order in which it has a part, and of the order itself: its people by a
    notice, its system, or its mailbox, by an order. Alarms go to people alone: a system knows its limits.
    """
    if isinstance(event.fact, DeliveryRetried):
        return [_again(event.fact)]
    found = [*_of_dispatch(case, event.fact), *_of_handling(case, event.fact), *_of_the_end(case, event.fact)]
    found += [*_of_assists(case, event.fact), *_of_oversight(case, event.fact), *_of_links(case, event.fact)]
    to_people = [one._replace(kind="notice", to=f"unit:{one.to}") for one in found if one.kind == "order"]
    found += [one._replace(kind="order", to=unit) for one in found if (unit := _in_writing(one))]
    found += to_people
    return [
        Effect(
            key=f"{case.number}.{_mark(event, one)}.{one.kind}.{one.to}",
            kind=one.kind,
            about=one.about,
            to=one.to,
            seq=event.seq,
            assist=one.assist,
        )
        for one in dict.fromkeys(found)
    ]


def _mark(event: Event, owed: _Owed) -> str:
    """Tells one effect of a case from every other: by the command that it comes of, or the alarm.

    Not by the event's number: where a worker dies before the engine knows of an event, that comes to be again, and may
    then be another one in the row.
    """
    origin = event.cause.id if event.cause is not None else fingerprint(event.fact)
    return sha256(f"{origin} {owed.about} {owed.assist or ''} {owed.besides}".encode()).hexdigest()[:12]


def _in_writing(owed: _Owed) -> str | None:
    """The unit whose system a notice to its people goes to as well, if there is one."""
    audience, _, unit = owed.to.partition(":")
    told = owed.kind == "notice" and audience == "unit" and owed.about not in _ALARMS
    return unit if told else None


def _again(fact: DeliveryRetried) -> Effect:
    return Effect(key=fact.key, kind="order", about=fact.about, to=fact.unit, seq=fact.sequence, assist=fact.assist)


def command_for(case: Case, effect: Effect) -> Command:
    """What another case is told, as this one stands. Later news carry a later version, so that order does no harm.

    Raises:
        ValueError: the effect tells no other case anything.
    """
    acts: dict[str, Act] = {
        "repeat": Repeat(case=case.number),
        "follow": Follow(case=case.number),
        "relay": relay(case),
    }
    if effect.kind != "case" or effect.about not in acts:
        raise ValueError(f"{effect.key} tells no other case anything")
    return Command(id=f"{effect.about}:{case.number}:{case.version}", actor=SYSTEM, act=acts[effect.about])


def relay(case: Case) -> Relay:
    """How a case stands that others follow."""
    last = case.orders[-1] if case.orders else None
    reported = last is not None and last.report is not None and _stands(case, last)
    return Relay(
        incident=case.number,
        version=case.version,
        unit=case.unit,
        copy_to=last.copy_to if last and case.unit else None,
        outcome=last.report if last and reported else None,
        note=last.report_note if last and reported else "",
        ended=not case.open and not reported,
        moved=len({order.unit for order in case.orders}) > 1,
    )


def _stands(case: Case, last: Order) -> bool:
    """Whether a report is still how the matter stands: the complainant has not found it unsolved (Art. 35)."""
    if case.closure is not None:
        return case.closure.outcome is not Outcome.UNSOLVED
    return last.ended_at is None


def _of_dispatch(case: Case, fact: Fact) -> Iterator[_Owed]:  # noqa: C901 - one flat table, a line or two a fact
    match fact:
        case Received():
            yield _Owed("notice", "received", COMPLAINANT)
        case NotDispatched(ground=ground) if ground.ground == "outside_duty" and ground.unit:
            yield _Owed("notice", "passed_on", f"unit:{ground.unit}")
        case Consulted(units=units):
            for unit in units:
                yield _Owed("notice", "consulted", f"unit:{unit}")
        case Dispatched(unit=unit, copy_to=district):
            yield _Owed("order", "dispatched", unit)
            if district:
                yield _Owed("notice", "copied", f"unit:{district}")
        case Undelivered():
            yield _Owed("notice", "undelivered", DESK)
        case Objected():
            yield _Owed("notice", "objected", DESK)
        case Adjudicated(unit=unit, upheld=upheld):
            yield _Owed("notice", "objection_upheld" if upheld else "objection_rejected", f"unit:{unit}")
        case Returned(awaits_supervisor=awaits):
            yield _Owed("notice", "designation" if awaits else "returned", SUPERVISOR if awaits else DESK)
        case Recalled(unit=unit, order=index) if case.orders[index - 1].incident is None:
            yield _Owed("order", "withdrawn", unit)
        case Referred():
            yield _Owed("notice", "referred", SUPERVISOR)


def _of_handling(case: Case, fact: Fact) -> Iterator[_Owed]:
    match fact:
        case Progressed():
            yield _Owed("notice", "progress", COMPLAINANT)
        case Reported():
            yield _Owed("notice", "reported", COMPLAINANT)
        case ExtensionRequested():
            yield _Owed("notice", "extension_requested", SUPERVISOR)
            yield _Owed("notice", "extension_requested", DESK)
        case ExtensionDecided(unit=unit, granted=granted):
            yield _Owed("notice", "extension_granted" if granted else "extension_refused", f"unit:{unit}")
            if granted:
                yield _Owed("notice", "extended", COMPLAINANT)
                yield _Owed("notice", "extended", DESK)
        case Paused(kind=kind):
            about = "waiting" if kind == "complainant" else "on_account"
            yield _Owed("notice", about, COMPLAINANT)
            if case.unit:
                yield _Owed("order", about, case.unit)
        case Resumed():
            yield _Owed("notice", "resumed", _holder(case))
        case RaisedUp(to=to):
            yield _Owed("notice", "raised_up", to if to == SUPERVISOR else f"unit:{to}")


def _of_the_end(case: Case, fact: Fact) -> Iterator[_Owed]:
    match fact:
        case Closed(outcome=outcome):
            yield _Owed("notice", f"closed_{outcome}", COMPLAINANT)
            last = case.orders[-1] if case.orders else None
            if last and not last.returned and last.reported_at is None and last.incident is None:
                yield _Owed("order", "withdrawn", last.unit)
            elif last and not last.returned and last.incident is None:
                yield _Owed("order", "closed", last.unit)
        case Reopened():
            yield _Owed("notice", "reopened", COMPLAINANT)
        case Appealed():
            yield _Owed("notice", "appealed", COMPLAINANT)
            yield _Owed("notice", "appealed", DESK)
        case LateReport():
            yield _Owed("notice", "late_report", DESK)


def _of_assists(case: Case, fact: Fact) -> Iterator[_Owed]:
    match fact:
        case Whistled(unit=unit, assist=index, copy_to=district):
            yield _Owed("order", "assist", unit, index)
            if district:
                yield _Owed("notice", "copied", f"unit:{district}", besides=f"call {index}")
        # Whoever leads now is told; the unit that called may have lost the case meanwhile (Art. 14).
        case AssistRefused(assist=index):
            yield _Owed("notice", "assist_refused", _district(case, index))
            yield _Owed("notice", "assist_refused", _holder(case))
        case AssistAdjudicated(unit=unit, assist=index, upheld=upheld):
            about = "refusal_upheld" if upheld else "refusal_rejected"
            yield _Owed("notice", about, f"unit:{unit}", index)
            yield _Owed("notice", about, _holder(case))
        case AssistProgressed():
            yield _Owed("notice", "assist_progress", _holder(case))
        case AssistReported():
            yield _Owed("notice", "assist_reported", _holder(case))
        case AssistReleased(unit=unit, assist=index):
            yield _Owed("order", "assist_withdrawn", unit, index)


def _of_oversight(case: Case, fact: Fact) -> Iterator[_Owed]:
    match fact:
        case Supplemented():
            yield _Owed("notice", "supplemented", _holder(case))
        case Urged():
            yield _Owed("notice", "urged", _holder(case))
        case Supervised():
            yield _Owed("notice", "supervised", _holder(case))
            yield _Owed("notice", "supervised", _addressee(case, "district", case.unit, ""))
        case Warned(tell=tell) | Breached(tell=tell) | Escalated(tell=tell):
            for audience in tell:
                yield _Owed("notice", fact.type, _addressee(case, audience, fact.unit, fact.deadline))


def _of_links(case: Case, fact: Fact) -> Iterator[_Owed]:
    match fact:
        case NotDispatched(ground=ground) if ground.ground == "same_matter":
            yield _Owed("case", "repeat", ground.case)
        case Joined(incident=incident):
            yield _Owed("case", "follow", incident)
            yield _Owed("notice", "joined", COMPLAINANT)
        case Followed(case=follower):
            yield _Owed("case", "relay", follower)
        case Dispatched() | Reported() | Closed():
            for follower in case.followers:
                yield _Owed("case", "relay", follower)
        case Relayed(outcome=outcome, ended=ended):
            for follower in case.followers:
                yield _Owed("case", "relay", follower)
            if outcome in (Outcome.SOLVED, Outcome.EXPLAINED):
                yield _Owed("notice", "reported", COMPLAINANT)
            if ended:
                yield _Owed("notice", "returned", DESK)


def _holder(case: Case) -> str:
    return f"unit:{case.unit}" if case.unit else DESK


def _district(case: Case, index: int) -> str:
    assist = case.assists[index - 1]
    district = assist.copy_to or case.orders[assist.order - 1].copy_to
    return f"unit:{district}" if district else SUPERVISOR


def _addressee(case: Case, audience: str, unit: str | None, deadline: str) -> str:
    """Who an audience of an alarm is: `unit` is whoever has the duty, a supervisor where that is to grant time."""
    if audience == "unit":
        name, _, index = deadline.partition("/")
        if name == "assist_adjudication":
            return _district(case, int(index))
        to_decide = SUPERVISOR if name == "extension" else DESK
        return f"unit:{unit}" if unit else to_decide
    if audience == "district":
        name, _, index = deadline.partition("/")
        if name.startswith("assist_"):
            return _district(case, int(index))
        # The alarm may be told after the case has gone on to another unit, in another district.
        order = case.orders[int(index) - 1] if name in _OF_ORDERS else case.orders[-1] if case.orders else None
        district = order.copy_to if order else None
        return f"unit:{district}" if district else SUPERVISOR
    return audience
