"""What the hotline, its supervisors and the service itself do with a case."""

from collections.abc import Iterator

from cases.case import Case
from cases.commands import Adopt, Close, ConfirmDelivery, FailDelivery, Remark, RetryDelivery, Supervise
from cases.deciding.steps import Asked, Decider, closed
from cases.errors import RefusalError
from cases.events import Adopted, Delivered, DeliveryRetried, Fact, Noted, Supervised, Undelivered
from cases.vocabulary import Outcome, Value


def _supervise(asked: Asked) -> Iterator[Fact]:
    act: Supervise = asked.act
    yield Supervised(reason=act.reason)


def _close(asked: Asked) -> Iterator[Fact]:
    act: Close = asked.act
    yield from closed(asked.case, asked.now, Outcome(act.outcome), act.reason)


def _note(asked: Asked) -> Iterator[Fact]:
    act: Remark = asked.act
    yield Noted(text=act.text, attachment=act.attachment)


def _adopt(asked: Asked) -> Iterator[Fact]:
    act: Adopt = asked.act
    if act.terms != asked.case.terms:
        yield Adopted(terms=act.terms, reason=act.reason)


def confirmed(case: Case, act: ConfirmDelivery | FailDelivery) -> Iterator[Fact]:
    """What became of an order on its way; true whatever has become of the case meanwhile.

    Raises:
        RefusalError: the case has never had such an order.
    """
    _check_was_sent(case, act.order, act.assist)
    told = act.model_dump(include={"order", "unit", "assist", "about", "sequence", "key"})
    if isinstance(act, ConfirmDelivery):
        yield Delivered(**told)
    else:
        yield Undelivered(**told, reason=act.reason, final=act.final)


def _retry_delivery(asked: Asked) -> Iterator[Fact]:
    act: RetryDelivery = asked.act
    _check_was_sent(asked.case, None, act.assist)
    if act.sequence > asked.case.version:
        raise RefusalError("unknown_order", f"sequence: the case has had {asked.case.version} events", source="hotline")
    yield DeliveryRetried(**act.model_dump(exclude={"type"}))


def _check_was_sent(case: Case, order: int | None, assist: int | None) -> None:
    ordered = order is None or 1 <= order <= len(case.orders)
    called = assist is None or 1 <= assist <= len(case.assists)
    if not (ordered and called):
        raise RefusalError(
            "unknown_order",
            f"order: the case has had {len(case.orders)} orders and {len(case.assists)} calls, numbered from 1",
            source="hotline",
        )


DECIDERS: dict[type[Value], Decider] = {
    Supervise: _supervise,
    Close: _close,
    Remark: _note,
    Adopt: _adopt,
    RetryDelivery: _retry_delivery,
}
