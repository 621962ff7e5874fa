"""Repeats of one matter, and incidents that many complain about (Art. 9, 11, 24)."""

from collections.abc import Iterator

from cases.commands import Follow, Join, Relay, Repeat
from cases.deciding.steps import Asked, Decider, released, resumed
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
    if case.order is not None:
        yield from resumed(case, asked.now, "handled through an incident")
        yield from released(case, "handled through an incident")
        yield Recalled(order=case.order.index, unit=case.order.unit, reason=act.reason)
    yield Joined(order=len(case.orders) + 1, incident=act.incident, unit=act.unit, reason=act.reason)


def _follow(asked: Asked) -> Iterator[Fact]:
    act: Follow = asked.act
    if act.case not in asked.case.followers:
        yield Followed(case=act.case)


def _relay(asked: Asked) -> Iterator[Fact]:
    """News of the incident, as far as the case still follows it and does not know it."""
    act: Relay = asked.act
    case = asked.case
    order = case.order
    if order is None or order.incident != act.incident or act.version <= case.relayed or order.reported_at is not None:
        return
    if act.outcome is None and not act.ended and act.unit in (None, order.unit):
        return
    yield from resumed(case, asked.now, "news of the incident")
    yield Relayed(
        incident=act.incident,
        version=act.version,
        order=order.index,
        unit=act.unit,
        outcome=Outcome(act.outcome) if act.outcome else None,
        note=act.note,
        ended=act.ended,
    )


DECIDERS: dict[type[Value], Decider] = {
    Repeat: _repeat,
    Join: _join,
    Follow: _follow,
    Relay: _relay,
}
