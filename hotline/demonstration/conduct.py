"""How a unit of the demonstration handles an order: mostly in time, at times late, now and then not at all."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from activities.messages import OrderForm
from hotline.demonstration.chance import Chance


class Manner(StrEnum):
    """What kind of unit the order met."""

    PROMPT = "prompt"
    LATE = "late"
    RETURNING = "returning"
    SILENT = "silent"
    STUCK = "stuck"


_HOW_OFTEN = {Manner.PROMPT: 76.0, Manner.LATE: 12.0, Manner.RETURNING: 6.0, Manner.SILENT: 3.0, Manner.STUCK: 3.0}

_NO_LIMIT_KNOWN = timedelta(hours=1)

_ACKNOWLEDGED = (
    "已签收，安排专人办理。Signed for; someone has been put in charge.",
    "已签收，转科室核实。Signed for; the section is checking.",
    "已签收，立即派人到场。Signed for; people are on their way.",
)
_CONTACTED = (
    "已电话联系诉求人，核实地点和情况。Called the complainant and checked place and matter.",
    "已与诉求人见面，现场查看。Met the complainant on the spot.",
    "已联系诉求人，约定上门时间。Reached the complainant and agreed on a visit.",
)
_SOLVED = (
    "已现场处理完毕，诉求人在场确认。Dealt with on the spot; the complainant was there.",
    "已整改到位，附照片。Put right, with photographs.",
    "已修复并恢复正常，后续加强巡查。Repaired and working again; rounds will be more frequent.",
)
_EXPLAINED = (
    "受政策限制暂不能解决，已向诉求人说明。Not possible under present rules; explained to the complainant.",
    "已列入下一年度计划，已向诉求人说明。In next year's plan; explained to the complainant.",
    "属邻里纠纷，已调解并告知法律途径。A dispute between neighbours; mediated, and the legal way was shown.",
)
_NOT_OURS = (
    "该点位权属不在本单位，建议转派权属单位。The place is not in our charge; send it to whoever owns it.",
    "经核实不属于本辖区。On inspection not in our area.",
    "事项超出本单位职责。The matter is beyond our duties.",
)


class Step(NamedTuple):
    """One thing that a unit does with an order, and when; never before the step that stands before it."""

    act: str
    at: datetime
    body: dict[str, str]


def manner(case_number: str, order: int) -> Manner:
    """What kind of unit the order of a case meets. Only its first order is ever returned."""
    found = Chance(case_number, order).weighted("manner", _HOW_OFTEN)
    return Manner.PROMPT if found is Manner.RETURNING and order > 1 else found


def steps(order: OrderForm) -> list[Step]:
    """Everything a unit will do with an order, in order of time. The times are fractions of the order's own limits."""
    return list(_steps(order, manner(order.case_number, order.order)))


def handling(order: OrderForm) -> list[Step]:
    """What a unit does that may not return an order: it handles it."""
    return list(_steps(order, Manner.PROMPT))


def _steps(order: OrderForm, how: Manner) -> Iterator[Step]:
    if how is Manner.SILENT:
        return
    chance = Chance(order.case_number, order.order)

    def at(limit: str, share: float) -> datetime:
        return order.dispatched_at + _limit(order, limit) * share

    late = how is Manner.LATE
    signing = chance.between("signing late", 1.05, 1.6) if late else chance.between("signing", 0.05, 0.7)
    yield Step("acknowledge", at("acknowledgment", signing), {"note": chance.one_of("signed", _ACKNOWLEDGED)})
    if how is Manner.RETURNING:
        yield Step("return", at("acknowledgment", signing + 0.2), {"reason": chance.one_of("not ours", _NOT_OURS)})
        return
    meeting = chance.between("contact", 0.05, 0.6)
    yield Step("contact", at("handling", meeting), {"note": chance.one_of("met", _CONTACTED)})
    if how is Manner.STUCK:
        return
    # Squared, so that most are done early in their time and a demonstration has something to show.
    reporting = chance.between("report late", 1.02, 1.3) if late else 0.02 + 0.7 * chance.number("report") ** 2
    outcome = chance.weighted("outcome", {"solved": 78.0, "explained": 22.0})
    note = chance.one_of("result", _SOLVED if outcome == "solved" else _EXPLAINED)
    yield Step("report", at("resolution", reporting), {"outcome": outcome, "note": note})


def _limit(order: OrderForm, name: str) -> timedelta:
    """How long an order gives for something; as long as for its most urgent duty, where that clock does not run."""
    given = {one.name: one.due_at - order.dispatched_at for one in order.deadlines}
    return given.get(name) or min(given.values(), default=_NO_LIMIT_KNOWN)
