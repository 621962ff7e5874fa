"""How a unit of the demonstration handles an order: mostly in time, at times late, now and then not at all."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from hotline.demonstration.chance import Chance
from hotline.unit_simulator.order import Order


class Manner(StrEnum):
    """What kind of unit the order met.

    Prompt ones keep every limit: some after calling another unit in, some after waiting for the complainant, some in
    time that they asked for.
    """

    PROMPT = "prompt"
    CALLING = "calling"
    WAITING = "waiting"
    ASKING = "asking"
    LATE = "late"
    RETURNING = "returning"
    SILENT = "silent"
    STUCK = "stuck"


_HOW_OFTEN = {
    Manner.PROMPT: 55.0,
    Manner.CALLING: 8.0,
    Manner.WAITING: 7.0,
    Manner.ASKING: 6.0,
    Manner.LATE: 12.0,
    Manner.RETURNING: 6.0,
    Manner.SILENT: 3.0,
    Manner.STUCK: 3.0,
}

_ANSWERING = 0.5
"""The share of the units with a system whose system answers at once."""

_WITHOUT_SYSTEM = 0.5

_REFUSING = 0.15
"""The share of the calls that a unit refuses."""

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


_EVIDENCE = (
    "权属台账第12页；现场照片两张。Register of ownership, page 12; two photographs.",
    "区级职责清单第3.4条。List of duties of the district, 3.4.",
)
_TASKS = (
    "请到场联合核查。Come and inspect together.",
    "请提供管线资料并现场配合。Bring the plans of the pipes and help on the spot.",
    "请依职责清理现场。Clear the place, which is your duty.",
)
_MISSING = "协办单位尚未反馈，先行答复诉求人。The unit called in is still at it; the complainant need not wait for it."
_WAITING_FOR = (
    "等待诉求人提供房屋产权证明。For the complainant's proof of ownership.",
    "等待诉求人约定入户时间。For a time at which the complainant is in.",
)
_CAME = (
    "诉求人已提供材料。The complainant has brought it.",
    "已与诉求人约定时间。A time is agreed with the complainant.",
)
_MORE_TIME = (
    "需等材料到货。The parts have to come first.",
    "需夜间施工，避开早高峰。It has to be done at night.",
)
_ASSISTED = (
    "已到场配合处置完毕。Came, and did its part.",
    "已提供资料并现场确认。Brought the plans and confirmed them on the spot.",
)


class Step(NamedTuple):
    """One thing that a unit does with an order, and when; never before the step that stands before it."""

    act: str
    at: datetime
    body: dict[str, Any]


def manner(case_number: str, order: int | None) -> Manner:
    """What kind of unit the order of a case meets. Only its first order is ever returned."""
    found = Chance(case_number, order).weighted("habit", _HOW_OFTEN)
    return Manner.PROMPT if found is Manner.RETURNING and order != 1 else found


def steps(order: Order, others: Sequence[str] = ()) -> list[Step]:
    """Everything a unit will do with an order, in order of time. The times are fractions of the order's own limits.

    Args:
        order: What it was sent.
        others: The units that it may call in.
    """
    if order.assist is not None:
        return list(_assisting(order))
    return list(_steps(order, manner(order.case_number, order.order), others))


def at_once(order: Order) -> dict[str, str] | None:
    """What a unit's system answers an order with at once, where the unit is of the kind that has it do so.

    It signs for what the unit will handle in time, and disputes what the unit would return; the rest is for people.
    """
    chance = Chance(order.case_number, order.order, order.assist)
    if Chance(order.unit).number("answers") >= _ANSWERING:
        return None
    if order.assist is not None:
        return None if _refuses(order) else {"answer": "accepted", "note": chance.one_of("signed", _ACKNOWLEDGED)}
    how = manner(order.case_number, order.order)
    if how is Manner.RETURNING:
        return {"answer": "refused", **_objection(chance)}
    if how in (Manner.SILENT, Manner.LATE):
        return None
    return {"answer": "accepted", "note": chance.one_of("signed", _ACKNOWLEDGED)}


def reads_mailbox(unit: str, kind: str) -> bool:
    """Whether a unit has no system of its own: every township, and half of the subdistricts."""
    return kind == "township" or (kind == "subdistrict" and Chance(unit).number("mailbox") < _WITHOUT_SYSTEM)


def handling(order: Order) -> list[Step]:
    """What a unit does that may not return an order: it handles it."""
    return list(_steps(order, Manner.PROMPT))


def _steps(order: Order, how: Manner, others: Sequence[str] = ()) -> Iterator[Step]:
    if how is Manner.SILENT:
        return
    chance = Chance(order.case_number, order.order)

    def at(limit: str, share: float) -> datetime:
        return order.begun + _limit(order, limit) * share

    late = how is Manner.LATE
    signing = chance.between("signing late", 1.05, 1.6) if late else chance.between("signing", 0.05, 0.7)
    yield Step("acknowledge", at("acknowledgment", signing), {"note": chance.one_of("signed", _ACKNOWLEDGED)})
    if how is Manner.RETURNING:
        yield Step("return", at("acknowledgment", signing + 0.2), _objection(chance))
        return
    meeting = chance.between("contact", 0.05, 0.6)
    yield Step("contact", at("handling", meeting), {"note": chance.one_of("met", _CONTACTED)})
    if how is Manner.STUCK:
        return
    yield from _aside(order, how, chance, others)
    # Squared, so that most are done early in their time and a demonstration has something to show.
    reporting = chance.between("report late", 1.02, 1.3) if late else 0.02 + 0.7 * chance.number("report") ** 2
    outcome = chance.weighted("outcome", {"solved": 78.0, "explained": 22.0})
    note = chance.one_of("result", _SOLVED if outcome == "solved" else _EXPLAINED)
    result = {"outcome": outcome, "note": note, "missing_reason": _MISSING}
    yield Step("report", at("resolution", max(reporting, _REPORTING.get(how, 0.0))), result)


def _objection(chance: Chance) -> dict[str, str]:
    return {"reason": chance.one_of("not ours", _NOT_OURS), "evidence": chance.one_of("evidence", _EVIDENCE)}


_REPORTING = {Manner.CALLING: 0.35, Manner.WAITING: 0.3, Manner.ASKING: 0.75}
"""The share of its time before which a unit does not report that does something else first."""


def _aside(order: Order, how: Manner, chance: Chance, others: Sequence[str]) -> Iterator[Step]:
    """What a unit does between contact and report, if it does anything."""
    resolution = _limit(order, "resolution")
    if how is Manner.CALLING and others:
        call = {"unit": chance.one_of("called", others), "task": chance.one_of("task", _TASKS)}
        yield Step("whistle", order.begun + resolution * 0.04, {"calls": [call]})
    elif how is Manner.WAITING:
        reason = {"reason": chance.one_of("waiting", _WAITING_FOR)}
        yield Step("wait", order.begun + resolution * 0.03, reason)
        yield Step("resume", order.begun + resolution * 0.1, {"reason": chance.one_of("came", _CAME)})
    elif how is Manner.ASKING:
        seconds = max(1, int(resolution.total_seconds() * 0.4))
        reason = {"by": f"{seconds} seconds", "reason": chance.one_of("more time", _MORE_TIME)}
        yield Step("extension", order.begun + resolution * 0.06, reason)


def _assisting(order: Order) -> Iterator[Step]:
    """What a unit does that another has called in (Art. 16): it comes, and now and then it refuses."""
    chance = Chance(order.case_number, "assist", order.assist)
    signing = order.begun + _limit(order, "assist_acknowledgment") * chance.between("signing", 0.05, 0.7)
    if _refuses(order):
        yield Step("assists/{}/refuse", signing, _objection(chance))
        return
    yield Step("assists/{}/acknowledge", signing, {"note": chance.one_of("signed", _ACKNOWLEDGED)})
    reporting = order.begun + _limit(order, "assist_report") * chance.between("report", 0.02, 0.3)
    yield Step("assists/{}/report", reporting, {"note": chance.one_of("assisted", _ASSISTED)})


def _refuses(order: Order) -> bool:
    return Chance(order.case_number, "assist", order.assist).number("refuses") < _REFUSING


def _limit(order: Order, name: str) -> timedelta:
    """How long an order gives for something; as long as for its most urgent duty, where that clock does not run."""
    given = {one.name: one.due_at - order.begun for one in order.deadlines}
    return given.get(name) or min(given.values(), default=_NO_LIMIT_KNOWN)
