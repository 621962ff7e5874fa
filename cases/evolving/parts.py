"""Changing one part of a case and leaving the rest as it is."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from cases.attachment import Attachment
from cases.case import Case, DeskWait
from cases.events import Event
from cases.order import Extension, Objection, Order
from cases.vocabulary import Status

Changes = dict[str, object]
Evolver = Callable[[Case, Event, Any], Changes]
"""What a fact changes: the fields of the case that become different."""


def on_order(case: Case, index: int, **changes: object) -> Changes:
    """The case's orders with one of them changed."""
    orders = list(case.orders)
    orders[index - 1] = orders[index - 1].model_copy(update=changes)
    return {"orders": tuple(orders)}


def on_assist(case: Case, index: int, **changes: object) -> Changes:
    """The case's calls with one of them changed."""
    assists = list(case.assists)
    assists[index - 1] = assists[index - 1].model_copy(update=changes)
    return {"assists": tuple(assists)}


def on_pause(case: Case, index: int, **changes: object) -> Changes:
    """The case's pauses with one of them changed."""
    pauses = list(case.pauses)
    pauses[index - 1] = pauses[index - 1].model_copy(update=changes)
    return {"pauses": tuple(pauses)}


def lapsed(order: Order, at: datetime) -> Changes:
    """What an order's end or report makes of requests that wait for a decision: they need none any more."""
    return {
        "objections": tuple(_lapse_objection(one, at) for one in order.objections),
        "extensions": tuple(_lapse_extension(one, at) for one in order.extensions),
    }


def _lapse_objection(objection: Objection, at: datetime) -> Objection:
    return objection.model_copy(update={"lapsed_at": at}) if objection.pending else objection


def _lapse_extension(extension: Extension, at: datetime) -> Extension:
    return extension.model_copy(update={"lapsed_at": at}) if extension.pending else extension


def end_order(case: Case, index: int, at: datetime, **changes: object) -> Changes:
    """The case's orders with one of them ended."""
    order = case.orders[index - 1]
    return on_order(case, index, ended_at=order.ended_at or at, **lapsed(order, at), **changes)


def to_desk(case: Case, at: datetime, why: str, told: str, *, awaits_supervisor: bool = False) -> Changes:
    """The case is with the desk from now on."""
    return {
        "status": Status.RECEIVED,
        "desk": (*case.desk, DeskWait(since=at, why=why, orders=len(case.orders))),
        "to_desk": told,
        "awaits_supervisor": awaits_supervisor,
    }


def from_desk(case: Case, at: datetime) -> Changes:
    """The case leaves the desk, if it is there."""
    left: Changes = {"to_desk": None, "awaits_supervisor": False}
    if case.status is Status.RECEIVED:
        left["desk"] = (*case.desk[:-1], case.desk[-1].model_copy(update={"until": at}))
    return left


def with_attachment(case: Case, attachment: Attachment | None) -> Changes:
    """The case has an attachment more, if there is one."""
    return {} if attachment is None else {"attachments": (*case.attachments, attachment)}
