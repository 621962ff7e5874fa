"""Alarms, and what the hotline and its supervisors did."""

from cases.case import Case, Superseded
from cases.events import (
    Adopted,
    Breached,
    Escalated,
    Event,
    LateReport,
    Noted,
    Refused,
    Supervised,
    Warned,
)
from cases.evolving.parts import Changes, Evolver, on_order, with_attachment
from cases.vocabulary import Value


def _alarmed(case: Case, _: Event, fact: Warned | Breached | Escalated) -> Changes:
    return {"marks": case.marks | {fact.deadline: (*case.marks.get(fact.deadline, ()), fact.mark)}}


def _breached(case: Case, event: Event, fact: Breached) -> Changes:
    name, _, index = fact.deadline.partition("/")
    late = on_order(case, int(index), breached_at=fact.due_at) if name == "resolution" else {}
    return _alarmed(case, event, fact) | late


def _supervised(case: Case, event: Event, _: Supervised) -> Changes:
    return {"supervised_at": event.at}


def _adopted(case: Case, event: Event, fact: Adopted) -> Changes:
    superseded = Superseded(until=event.at, terms=case.terms)
    return {"superseded": (*case.superseded, superseded), "terms": fact.terms}


def _noted(case: Case, _: Event, fact: Noted) -> Changes:
    return with_attachment(case, fact.attachment)


def _kept(_: Case, __: Event, ___: LateReport | Refused) -> Changes:
    return {}


EVOLVERS: dict[type[Value], Evolver] = {
    Warned: _alarmed,
    Breached: _breached,
    Escalated: _alarmed,
    Supervised: _supervised,
    Adopted: _adopted,
    Noted: _noted,
    LateReport: _kept,
    Refused: _kept,
}
