"""What the hotline, its supervisors and the service itself do with a case."""

from collections.abc import Iterator

from cases.commands import Adopt, Close, ConfirmDelivery, FailDelivery, Remark, Supervise
from cases.deciding.steps import Asked, Decider, closed
from cases.events import Adopted, Delivered, Fact, Noted, Supervised, Undelivered
from cases.vocabulary import Outcome, Value


def _supervise(asked: Asked) -> Iterator[Fact]:
    act: Supervise = asked.act
    yield Supervised(reason=act.reason)


def _close(asked: Asked) -> Iterator[Fact]:
    act: Close = asked.act
    yield from closed(asked.case, asked.now, Outcome(act.outcome), act.reason)


def _note(asked: Asked) -> Iterator[Fact]:
    act: Remark = asked.act
    yield Noted(text=act.text)


def _adopt(asked: Asked) -> Iterator[Fact]:
    act: Adopt = asked.act
    if act.terms != asked.case.terms:
        yield Adopted(terms=act.terms, reason=act.reason)


def confirmed(act: ConfirmDelivery | FailDelivery) -> Iterator[Fact]:
    """What became of an order on its way; true whatever has become of the case meanwhile."""
    if isinstance(act, ConfirmDelivery):
        yield Delivered(order=act.order, unit=act.unit, assist=act.assist)
    else:
        yield Undelivered(order=act.order, unit=act.unit, assist=act.assist, reason=act.reason)


DECIDERS: dict[type[Value], Decider] = {
    Supervise: _supervise,
    Close: _close,
    Remark: _note,
    Adopt: _adopt,
}
