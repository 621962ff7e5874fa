"""Policies that differ in what the rules of a case turn on, and the complaints that come in under them."""

from datetime import UTC, date, datetime, time

from cases.calendar import Calendar, Window
from cases.limits import Anchor, Budget, Limit
from cases.policy import Policy, Terms
from cases.rules import (
    AccountRules,
    AppealRules,
    AssistRules,
    CallBackRules,
    ExtensionRules,
    ReopeningRules,
    ReturnRules,
    WaitingRules,
)
from cases.vocabulary import Satisfaction
from tests.unit.narrative import FULL, POLICY, limit, span

SEASONS = {
    "an ordinary day": datetime(2026, 9, 1, 4, 0, tzinfo=UTC),
    "the eve of a long holiday": datetime(2026, 9, 30, 9, 59, 30, tzinfo=UTC),
    "before the clocks in Europe are put back": datetime(2026, 10, 23, 0, 20, tzinfo=UTC),
}
"""When complaints are received."""

_WORK = Calendar(
    windows=(Window(opens=time(9), closes=time(12)), Window(opens=time(13, 30), closes=time(17, 30))),
    holidays=tuple(date(2026, 10, day) for day in range(1, 8)),
    workdays=(date(2026, 9, 20), date(2026, 10, 10)),
)
_WHOLE_DAYS = _WORK.model_copy(update={"day_ends": "close_of_day"})


def _changed(policy: Policy, name: str, **sections: object) -> Policy:
    return policy.model_copy(update={"policy": name, **sections})


def _at_level(policy: Policy, **limits: Limit | None) -> Policy:
    level = policy.levels["general"].model_copy(update=limits)
    return policy.model_copy(update={"levels": {"general": level}})


_WORKING = _changed(
    _at_level(
        FULL,
        acknowledge=limit("4 working hours"),
        handle=limit("1 working day", Anchor.ACKNOWLEDGMENT),
        progress=limit("3 working days", Anchor.RECEIPT),
        resolve=limit("10 working days", Anchor.RECEIPT),
    ),
    "working-city",
    calendar=_WORK,
    callback=CallBackRules(within=Budget.parse("2 working days"), attempts=2, rounds=1, exhausted="close"),
    returns=ReturnRules(at_most=1, adjudicate=span("4 working hours"), pauses=("acknowledge", "handle", "resolve")),
    waiting=WaitingRules(at_most=Budget.parse("3 working days"), times=3, pauses=("handle", "resolve")),
    extension=ExtensionRules(
        within=Budget.parse("1 working day"), at_most=Budget.parse("10 working days"), times=2, warn=(0.5,)
    ),
)

CITIES: tuple[Policy, ...] = (
    FULL,
    POLICY,
    _changed(POLICY, "quick-city", callback=None),
    _changed(
        FULL,
        "disputing-city",
        returns=ReturnRules(at_most=3, adjudicate=span("4 hours"), pauses=("acknowledge", "handle", "resolve")),
        assist=AssistRules(acknowledge=span("4 hours"), report=span("5 days"), on_change_of_lead="release"),
        callback=CallBackRules(within=Budget.parse("3 days"), rounds=1, exhausted="close"),
        reopening=ReopeningRules(within=Budget.parse("30 days"), times=3),
    ),
    _changed(
        FULL,
        "direct-city",
        returns=ReturnRules(at_most=1),
        account=AccountRules(at_most=Budget.parse("60 days"), warn=(0.5,), pauses=("resolve",)),
        appeal=AppealRules(within=Budget.parse("10 days"), times=2, resolve=limit("20 days", Anchor.RECEIPT)),
        callback=CallBackRules(within=Budget.parse("1 day"), attempts=1, rounds=3),
    ),
    _WORKING,
    _changed(_WORKING, "whole-days-city", calendar=_WHOLE_DAYS),
    _changed(
        _at_level(
            FULL,
            acknowledge=limit("1 day", Anchor.RECEIPT),
            handle=None,
            progress=limit("5 days"),
            resolve=limit("10 days", Anchor.ACKNOWLEDGMENT),
        ),
        "summer-time-city",
        zone="Europe/London",
        waiting=WaitingRules(at_most=Budget.parse("2 days"), times=2, pauses=("progress", "resolve")),
        appeal=AppealRules(
            within=Budget.parse("30 days"), unlocked_by=(Satisfaction.DISSATISFIED,), resolve=limit("20 days")
        ),
    ),
)
"""Cities, the one with every section first."""

TERMS: dict[str, Terms] = {city.policy: city.terms("general") for city in CITIES}
"""What a case is held to in each city."""
