"""What the hotline, its supervisors and the service itself do with a case."""

from collections.abc import Iterator

from cases.case import Case
from cases.commands import Adopt, Close, ConfirmDelivery, FailDelivery, Remark, Supervise
from cases.deciding.steps import Asked, Decider, closed
from cases.errors import RefusalError
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


def confirmed(case: Case, act: ConfirmDelivery | FailDelivery) -> Iterator[Fact]:
    """What became of an order on its way; true whatever has become of the case meanwhile.

    Raises:
        RefusalError: the case has never had such an order.
    """
    sent = act.assist is None or 1 <= act.assist <= len(case.assists)
    if not (sent and 1 <= act.order <= len(case.orders)):
        raise RefusalError(
            "unknown_order",
            f"order: the case has had {len(case.orders)} orders and {len(case.assists)} calls, numbered from 1",
            source="hotline",
        )
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
