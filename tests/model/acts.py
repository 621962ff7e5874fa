"""Random acts: each of the domain's, made up for a case as it stands; some of them are silly."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from hypothesis import strategies as st

from cases import number
from cases.case import Case
from cases.commands import (
    Acknowledge,
    Act,
    Adjudicate,
    Adopt,
    Answer,
    Appeal,
    AssistAcknowledge,
    AssistAdjudicate,
    AssistProgress,
    AssistRefuse,
    AssistReport,
    CallBack,
    Called,
    Close,
    Command,
    ConfirmDelivery,
    Consult,
    Contact,
    DecideExtension,
    Designate,
    Dispatch,
    Escalate,
    FailDelivery,
    Follow,
    Hold,
    Join,
    NotDispatch,
    Progress,
    Rate,
    Reassign,
    Receive,
    Relay,
    Remark,
    Reopen,
    Repeat,
    Report,
    RequestExtension,
    Resume,
    RetryDelivery,
    Return,
    Review,
    Supervise,
    Supplement,
    Tick,
    Urge,
    Wait,
    Whistle,
    Withdraw,
)
from cases.limits import Budget
from cases.routing import Route
from cases.triage import (
    AnsweredAtOnce,
    EmergencyLine,
    Ground,
    OutsideDuty,
    SameMatter,
    Secret,
    StatutoryChannel,
    Triage,
    Unlawful,
)
from cases.vocabulary import Actor, Channel, Complaint, Kind, Outcome, Role, Satisfaction
from tests.model.cities import SEASONS, TERMS

Drawn = TypeVar("Drawn")


class Draw(Protocol):
    """Takes a value from a strategy."""

    def __call__(self, strategy: st.SearchStrategy[Drawn]) -> Drawn:
        """The value."""


UNITS = ("roads", "water", "power", "parks")
DISTRICTS = ("chaoyang", "haidian")
OTHER_CASES = tuple(number.derive("model", str(n)) for n in range(3))

_NOTHING = timedelta(0)
_BUDGETS = tuple(map(Budget.parse, ("1 hour", "2 days", "10 days", "3 working days", "2 working hours")))
_SILLY_BUDGETS = tuple(map(Budget.parse, ("0 days", "90 days", "3000 days", "1000 working days", "90000 hours")))


def one_of(draw: Draw, options: Sequence[Drawn]) -> Drawn:
    """One of some values; shrinks to the first."""
    found: Drawn = draw(st.sampled_from(options))
    return found


def now_and_then(draw: Draw, of: int = 4) -> bool:
    """Seldom true; shrinks to false."""
    return bool(draw(st.integers(0, of - 1)) == of - 1)


def _unit(draw: Draw) -> str:
    return one_of(draw, UNITS)


def _copy(draw: Draw) -> str | None:
    return one_of(draw, (*DISTRICTS, None))


def _ground(draw: Draw, case: str) -> Ground:
    grounds: tuple[Ground, ...] = (
        Unlawful(told="No."),
        EmergencyLine(line="119", told="Put through."),
        StatutoryChannel(channel="court", told="The court decides that."),
        SameMatter(case=one_of(draw, (*OTHER_CASES, case)), told="It is under way."),
        Secret(told="That is private."),
        OutsideDuty(unit=one_of(draw, (None, "parks")), told="Ask the landlord."),
    )
    return one_of(draw, grounds)


def _call_back(draw: Draw, _: Case, __: datetime) -> CallBack:
    if now_and_then(draw):
        return CallBack(reached=False)
    return CallBack(
        reached=True,
        contacted=one_of(draw, (True, False, None)),
        solved=one_of(draw, (False, True)),
        satisfaction=one_of(draw, (*Satisfaction, None)),
    )


def _hold(draw: Draw, _: Case, now: datetime) -> Hold:
    soon = one_of(draw, (timedelta(days=3), timedelta(hours=1), timedelta(minutes=10)))
    first = now + (timedelta(days=-1) if now_and_then(draw, 8) else soon)
    reviews = tuple(first + timedelta(days=5 * n) for n in range(one_of(draw, (1, 2, 3))))
    until = reviews[-1] + (
        timedelta(days=500) if now_and_then(draw, 8) else one_of(draw, (timedelta(days=4), _NOTHING))
    )
    return Hold(plan="With the new sewer.", owner="Li", exit="It is laid.", reviews=reviews, until=until)


def _report(draw: Draw, _: Case, __: datetime) -> Report:
    outcome = one_of(draw, (Outcome.SOLVED, Outcome.EXPLAINED))
    return Report(outcome=outcome, note="Done.", missing_reason=one_of(draw, ("", "They need a week.")))


def _assist(draw: Draw, case: Case) -> int:
    outstanding = [one.index for one in case.assists if one.outstanding]
    any_of_them = [one.index for one in case.assists]
    if outstanding and not now_and_then(draw, 8):
        return one_of(draw, outstanding)
    return one_of(draw, [*any_of_them, len(any_of_them) + 1])


def _refusing(draw: Draw, case: Case) -> int:
    waiting = [one.index for one in case.assists if one.refusal]
    return one_of(draw, waiting) if waiting and not now_and_then(draw, 8) else _assist(draw, case)


def _whistle(draw: Draw, _: Case, __: datetime) -> Whistle:
    units = [_unit(draw) for _ in range(one_of(draw, (1, 2)))]
    return Whistle(calls=tuple(Called(unit=unit, copy_to=_copy(draw), task="Close the valve.") for unit in units))


def _adjudicate(draw: Draw, _: Case, __: datetime) -> Adjudicate:
    upheld = one_of(draw, (True, False))
    unit = _unit(draw) if now_and_then(draw, 2) else None
    return Adjudicate(upheld=upheld, unit=unit, copy_to=_copy(draw), reason="The catalogue says so.")


def _decide_extension(draw: Draw, _: Case, __: datetime) -> DecideExtension:
    by = one_of(draw, (None, *_BUDGETS))
    return DecideExtension(granted=one_of(draw, (True, False)), by=by, reason="Rain.")


def _extension(draw: Draw, _: Case, __: datetime) -> RequestExtension:
    by = one_of(draw, _SILLY_BUDGETS if now_and_then(draw, 6) else _BUDGETS)
    return RequestExtension(by=by, reason="The pipe comes from abroad.")


def _relay(draw: Draw, case: Case, _: datetime) -> Relay:
    return Relay(
        incident=one_of(draw, (case.incident or OTHER_CASES[0], *OTHER_CASES)),
        version=max(1, case.relayed + one_of(draw, (1, 3, 0, -2))),
        unit=one_of(draw, (*UNITS, None)),
        outcome=one_of(draw, (None, None, Outcome.SOLVED, Outcome.EXPLAINED)),
        note="One pump is back.",
        ended=now_and_then(draw),
    )


def _delivery(draw: Draw, case: Case) -> dict[str, Any]:
    """An order that the case has had, or a call; sometimes one that it has not."""
    if case.assists and now_and_then(draw):
        assist = one_of(draw, case.assists)
        return {"order": assist.order, "unit": assist.unit, "assist": assist.index}
    if not case.orders or now_and_then(draw, 8):
        return {
            "order": one_of(draw, (len(case.orders) + 1, 0, -1)),
            "unit": "roads",
            "assist": one_of(draw, (None, 9)),
        }
    order = one_of(draw, case.orders[::-1])
    return {"order": order.index, "unit": order.unit}


def _retry(draw: Draw, case: Case, _: datetime) -> RetryDelivery:
    return RetryDelivery(
        key="a key",
        unit=_unit(draw),
        assist=one_of(draw, (None, None, len(case.assists) or None, 9)),
        about=one_of(draw, ("dispatched", "assist", "urged")),
        sequence=one_of(draw, (case.version, case.version + 1, 1, 2)),
    )


def _closed(draw: Draw, _: Case, __: datetime) -> Close:
    return Close(outcome=one_of(draw, (Outcome.UNSOLVED, Outcome.EXPLAINED)), reason="There is no budget.")


def drawn_receipt(draw: Draw) -> Command:
    """The receipt of a complaint: dispatched, to the desk, or made out at once."""
    kind = one_of(draw, (Kind.COMPLAINT, Kind.CONSULTATION))
    way = one_of(draw, (*["unit"] * 6, "desk", "desk", "triage"))
    mine = number.derive("model", "mine")
    triage: Triage | None = None
    if way == "triage":
        consulted = kind is Kind.CONSULTATION and now_and_then(draw, 2)
        triage = AnsweredAtOnce(told="From nine to five.") if consulted else _ground(draw, OTHER_CASES[0])
    route = Route(unit=None, reason="no catalogue line")
    if way == "unit":
        route = Route(unit=_unit(draw), copy_to=_copy(draw), reason="catalogue line 1")
    complaint = Complaint(
        source="model",
        source_ref="mine",
        channel=Channel.PHONE,
        kind=kind,
        category="roads/pothole",
        description="A pothole as deep as a bucket.",
        received_at=SEASONS[one_of(draw, tuple(SEASONS))],
    )
    act = Receive(number=mine, complaint=complaint, terms=TERMS[one_of(draw, tuple(TERMS))], route=route, triage=triage)
    return Command(id="receive", actor=Actor(role=Role.INTAKE, id="key:intake"), act=act)


Maker = Callable[[Draw, Case, datetime], Act]

MAKERS: dict[str, Maker] = {
    "receive": lambda draw, _, __: drawn_receipt(draw).act,
    "answer": lambda *_: Answer(told="Open from nine to five."),
    "not_dispatch": lambda draw, case, _: NotDispatch(ground=_ground(draw, case.number)),
    "consult": lambda draw, _, __: Consult(units=(_unit(draw), _unit(draw)), question="Whose is it?"),
    "dispatch": lambda draw, _, __: Dispatch(unit=_unit(draw), copy_to=_copy(draw), reason="Yours."),
    "designate": lambda draw, _, __: Designate(unit=_unit(draw), copy_to=_copy(draw), reason="Yours for good."),
    "reassign": lambda draw, _, __: Reassign(unit=_unit(draw), copy_to=_copy(draw), reason="Yours after all."),
    "adjudicate": _adjudicate,
    "acknowledge": lambda *_: Acknowledge(),
    "return": lambda draw, _, __: Return(reason="Not ours.", proposed=one_of(draw, (None, *UNITS))),
    "contact": lambda *_: Contact(),
    "progress": lambda *_: Progress(note="The diggers are there."),
    "report": _report,
    "request_extension": _extension,
    "decide_extension": _decide_extension,
    "wait": lambda *_: Wait(reason="Where is the key?"),
    "hold": _hold,
    "review": lambda *_: Review(note="It goes on as planned."),
    "resume": lambda *_: Resume(reason="It is there."),
    "escalate": lambda draw, _, __: Escalate(reason="Too deep for us.", to=one_of(draw, (None, *DISTRICTS))),
    "whistle": _whistle,
    "assist_acknowledge": lambda draw, case, _: AssistAcknowledge(assist=_assist(draw, case)),
    "assist_refuse": lambda draw, case, _: AssistRefuse(assist=_assist(draw, case), reason="Not our pipe."),
    "assist_adjudicate": lambda draw, case, _: AssistAdjudicate(
        assist=_refusing(draw, case), upheld=one_of(draw, (True, False)), reason="By the map."
    ),
    "assist_progress": lambda draw, case, _: AssistProgress(assist=_assist(draw, case), note="On our way."),
    "assist_report": lambda draw, case, _: AssistReport(assist=_assist(draw, case), note="Closed."),
    "callback": _call_back,
    "withdraw": lambda *_: Withdraw(reason="Sorted it out."),
    "supplement": lambda *_: Supplement(channel=Channel.APP, note="The key is under the mat."),
    "urge": lambda *_: Urge(),
    "rate": lambda draw, _, __: Rate(satisfaction=one_of(draw, tuple(Satisfaction)[::-1])),
    "reopen": lambda *_: Reopen(reason="It is broken again."),
    "appeal": lambda *_: Appeal(reason="Nobody came."),
    "supervise": lambda *_: Supervise(reason="The mayor asks."),
    "close": _closed,
    "note": lambda *_: Remark(text="The caller is deaf."),
    "adopt": lambda draw, _, __: Adopt(terms=TERMS[one_of(draw, tuple(TERMS))], reason="New year."),
    "repeat": lambda draw, _, __: Repeat(case=one_of(draw, OTHER_CASES)),
    "join": lambda draw, case, _: Join(
        incident=one_of(draw, (*OTHER_CASES, case.number)), unit=_unit(draw), reason="One main."
    ),
    "follow": lambda draw, _, __: Follow(case=one_of(draw, OTHER_CASES)),
    "relay": _relay,
    "confirm_delivery": lambda draw, case, _: ConfirmDelivery(**_delivery(draw, case)),
    "fail_delivery": lambda draw, case, _: FailDelivery(
        **_delivery(draw, case), reason="It answers 422.", final=now_and_then(draw, 2)
    ),
    "retry_delivery": _retry,
    "tick": lambda *_: Tick(),
}
"""How each act of the domain is made up for a case at a moment."""
