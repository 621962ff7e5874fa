"""Whistle and report-in (Art. 16, 33)."""

from collections.abc import Iterator

from cases.commands import (
    AssistAcknowledge,
    AssistAdjudicate,
    AssistProgress,
    AssistRefuse,
    AssistReport,
    Whistle,
)
from cases.deciding.steps import Asked, Decider
from cases.errors import RefusalError
from cases.events import (
    AssistAcknowledged,
    AssistAdjudicated,
    AssistProgressed,
    AssistRefused,
    AssistReleased,
    AssistReported,
    Fact,
    Whistled,
)
from cases.order import Assist
from cases.vocabulary import Value


def _whistle(asked: Asked) -> Iterator[Fact]:
    act: Whistle = asked.act
    case, order = asked.case, asked.order
    at_work = {assist.unit for assist in case.assists if assist.outstanding} | {order.unit}
    for place, call in enumerate(act.calls):
        if call.unit in at_work:
            raise RefusalError(
                "called_already",
                f"calls.{place}.unit: {call.unit} works on the case already; leave it out",
                source="Art. 16",
            )
        at_work.add(call.unit)
        yield Whistled(
            assist=len(case.assists) + 1 + place,
            order=order.index,
            lead=order.unit,
            unit=call.unit,
            copy_to=call.copy_to,
            task=call.task,
        )


def _found(asked: Asked) -> Assist:
    index = asked.act.assist
    if index > len(asked.case.assists):
        raise RefusalError(
            "unknown_assist",
            f"assist: there is no call {index}; the case has {len(asked.case.assists)}",
            source="Art. 16",
        )
    assist: Assist = asked.case.assists[index - 1]
    if not assist.outstanding:
        raise RefusalError(
            "assist_over", f"assist: the part of {assist.unit} is done, or was released", source="Art. 16"
        )
    return assist


def _acknowledge(asked: Asked) -> Iterator[Fact]:
    act: AssistAcknowledge = asked.act
    assist = _found(asked)
    if assist.acknowledged_at is not None:
        raise RefusalError("assist_acknowledged", f"assist: {assist.unit} has signed for it already", source="Art. 16")
    yield AssistAcknowledged(assist=assist.index, unit=assist.unit, note=act.note)


def _refuse(asked: Asked) -> Iterator[Fact]:
    act: AssistRefuse = asked.act
    assist = _found(asked)
    if assist.refusals:
        told = "waits for its decision" if assist.refusal else "was rejected, which is final"
        raise RefusalError("refusal_once", f"assist: the refusal of {assist.unit} {told}", source="Art. 16")
    yield AssistRefused(
        assist=assist.index, unit=assist.unit, lead=assist.called_by, reason=act.reason, evidence=act.evidence
    )


def _adjudicate(asked: Asked) -> Iterator[Fact]:
    act: AssistAdjudicate = asked.act
    assist = _found(asked)
    if assist.refusal is None:
        raise RefusalError("no_refusal", f"assist: {assist.unit} has not refused", source="Art. 16")
    yield AssistAdjudicated(
        assist=assist.index, unit=assist.unit, lead=assist.called_by, upheld=act.upheld, reason=act.reason
    )
    if act.upheld:
        yield AssistReleased(assist=assist.index, unit=assist.unit, reason=act.reason)


def _progress(asked: Asked) -> Iterator[Fact]:
    act: AssistProgress = asked.act
    assist = _found(asked)
    yield AssistProgressed(assist=assist.index, unit=assist.unit, note=act.note)


def _report(asked: Asked) -> Iterator[Fact]:
    act: AssistReport = asked.act
    assist = _found(asked)
    yield AssistReported(assist=assist.index, unit=assist.unit, lead=assist.called_by, note=act.note)


DECIDERS: dict[type[Value], Decider] = {
    Whistle: _whistle,
    AssistAcknowledge: _acknowledge,
    AssistRefuse: _refuse,
    AssistAdjudicate: _adjudicate,
    AssistProgress: _progress,
    AssistReport: _report,
}
