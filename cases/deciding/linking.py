"""Repeats of one matter, and incidents that many complain about (Art. 9, 11, 24)."""

from collections.abc import Iterator

from cases.commands import Follow, Join, Relay, Repeat
from cases.deciding.steps import Asked, Decider, check_reviewer, ended_without_callback, released, resumed
from cases.errors import RefusalError
from cases.events import Fact, Followed, Joined, Recalled, Relayed, Repeated
from cases.vocabulary import Outcome, Value


def _repeat(asked: Asked) -> Iterator[Fact]:
    act: Repeat = asked.act
    if act.case not in asked.case.repeats:
        yield Repeated(case=act.case)


def _join(asked: Asked) -> Iterator[Fact]:
    act: Join = asked.act
    case = asked.case
    if act.incident == case.number:
        raise RefusalError(
            "same_case", "incident: a case cannot follow itself; name the one that leads", source="hotline"
        )
    check_reviewer(case, act.unit)
    yield from released(case, "handled through an incident")
    if case.order is not None:
        yield from resumed(case, asked.now, "handled through an incident")
        yield Recalled(order=case.order.index, unit=case.order.unit, reason=act.reason)
    yield Joined(
        order=len(case.orders) + 1, incident=act.incident, unit=act.unit, copy_to=act.copy_to, reason=act.reason
    )


def _follow(asked: Asked) -> Iterator[Fact]:
    act: Follow = asked.act
    case = asked.case
    if act.case in case.followers:
        return
    yield Followed(case=act.case)
    if case.order is not None and case.order.incident == act.case and case.number < act.case:
        # Each joined the other in the same moment. One of them must lead, and both can tell which.
        yield from resumed(case, asked.now, "it leads the incident")
        yield Relayed(incident=act.case, version=case.relayed + 1, order=case.order.index, ended=True)


def _relay(asked: Asked) -> Iterator[Fact]:
    """News of the incident, as far as the case still follows it and does not know it."""
    act: Relay = asked.act
    case = asked.case
    order = case.order
    if order is None or order.incident != act.incident or act.version <= case.relayed or order.reported_at is not None:
        return
    if act.outcome is not None or act.ended or act.unit not in (None, order.unit):
        yield from resumed(case, asked.now, "news of the incident")
    elif not act.moved:
        # Only of an incident that has moved can older news come late that say otherwise.
        return
    yield Relayed(
        incident=act.incident,
        version=act.version,
        order=order.index,
        unit=act.unit,
        copy_to=act.copy_to,
        outcome=Outcome(act.outcome) if act.outcome else None,
        note=act.note,
        ended=act.ended,
    )
    if act.outcome is not None and not act.ended:
        yield from ended_without_callback(case, order, asked.now, Outcome(act.outcome), act.note)


DECIDERS: dict[type[Value], Decider] = {
    Repeat: _repeat,
    Join: _join,
    Follow: _follow,
    Relay: _relay,
}
