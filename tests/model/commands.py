"""Random commands: most of them what somebody may want of a case as it stands, some silly, some late, some twice."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from hypothesis import strategies as st

from cases.case import Case
from cases.commands import Act, Command
from cases.lifecycle import LATE, STEPS, By
from cases.permission import allowed
from cases.rights import acts_for
from cases.vocabulary import SYSTEM, Actor, Kind, Role
from tests.model.acts import DISTRICTS, MAKERS, UNITS, Draw, now_and_then, one_of

_PEOPLE = tuple(Actor(role=role, id=f"key:{role}") for role in Role if not acts_for(role))
_UNITS = tuple(
    Actor(role=role, id=f"key:{code}", unit=code)
    for role, codes in (
        (Role.UNIT_LEAD, (*UNITS, *DISTRICTS)),
        (Role.UNIT_CLERK, UNITS),
        (Role.DISTRICT, DISTRICTS),
    )
    for code in codes
)
_HOTLINE = tuple(one for one in _PEOPLE if one.role in (Role.DESK, Role.SUPERVISOR))
_STEPS = (
    timedelta(0),
    timedelta(microseconds=1),
    timedelta(seconds=1),
    timedelta(minutes=7),
    timedelta(minutes=20),
    timedelta(hours=1),
    timedelta(hours=2, minutes=30),
    timedelta(hours=5, minutes=30),
    timedelta(days=1),
    timedelta(days=2, hours=9),
    timedelta(days=8),
    timedelta(days=40),
)
_AROUND = (timedelta(0), timedelta(microseconds=-1), timedelta(seconds=-1), timedelta(microseconds=1))
_FARTHEST = timedelta(days=45)

_WEIGHTS = {
    "consult": 2,
    "dispatch": 12,
    "designate": 2,
    "return": 6,
    "adjudicate": 16,
    "acknowledge": 16,
    "contact": 6,
    "progress": 6,
    "report": 5,
    "request_extension": 6,
    "decide_extension": 16,
    "wait": 8,
    "hold": 12,
    "review": 24,
    "whistle": 12,
    "assist_acknowledge": 16,
    "assist_refuse": 16,
    "assist_adjudicate": 24,
    "assist_progress": 6,
    "assist_report": 12,
    "callback": 16,
    "supplement": 2,
    "rate": 6,
    "reopen": 24,
    "appeal": 24,
    "close": 16,
    "join": 2,
    "relay": 16,
    "adopt": 6,
    "answer": 6,
    "not_dispatch": 3,
    "resume": 6,
    "urge": 3,
    "escalate": 3,
}
"""How likely each act is among those that a case takes, so that lives are neither short nor idle."""

_TABLE = tuple(
    name
    for name, _ in sorted(
        ((name, place) for name in MAKERS for place in range(_WEIGHTS.get(name, 1))),
        key=lambda one: sha256(f"{one}".encode()).digest(),
    )
)
"""Every act as often as it is likely, well mixed and always in one order."""

_ENGINE = frozenset({"adopt", "repeat", "follow", "confirm_delivery", "fail_delivery", "retry_delivery", "tick"})


def drawn_delay(draw: Draw, alarm: datetime | None, now: datetime) -> timedelta:
    """How long nothing happens: a while, or to the next alarm, or to just before or after it."""
    if alarm is not None and alarm - now <= _FARTHEST and now_and_then(draw, 3):
        return max(alarm + one_of(draw, _AROUND) - now, timedelta(0))
    return one_of(draw, _STEPS)


def drawn_command(draw: Draw, case: Case, given: Sequence[Command], now: datetime) -> Command:
    """Somebody's next command, given what was given before."""
    way = draw(st.integers(0, 19))
    fresh = f"c{len(given)}"
    if way == 19 and given:
        return one_of(draw, given[::-1])
    if way == 18 and given:
        act = MAKERS[one_of(draw, tuple(MAKERS))](draw, case, now)
        return Command(id=one_of(draw, given[::-1]).id, actor=one_of(draw, _PEOPLE), act=act)
    if way in (16, 17):
        act = MAKERS[one_of(draw, tuple(MAKERS))](draw, case, now)
        return Command(id=fresh, actor=one_of(draw, (*_PEOPLE, *_UNITS)), act=act)
    act = MAKERS[_fitting(draw, case)](draw, case, now)
    return Command(id=fresh, actor=_whose(draw, case, act), act=act)


def _fitting(draw: Draw, case: Case) -> str:
    """An act that the case takes: the next one from a place in one table for all, so that lives shrink well."""
    place = draw(st.integers(0, len(_TABLE) - 1))
    takes = {*allowed(case), *_ENGINE, *(("relay",) if case.incident else ())}
    if case.complaint.kind is not Kind.CONSULTATION:
        takes -= {"answer"}
    if not case.open and place % 8 == 0:
        takes |= LATE
    return next(name for name in (*_TABLE[place:], *_TABLE) if name in takes)


def _whose(draw: Draw, case: Case, act: Act) -> Actor:
    """Somebody who may give the command; where nobody may, somebody."""
    by = STEPS[act.type].by if act.type in STEPS else By.ENGINE
    index = getattr(act, "assist", None) or 0
    assist = case.assists[index - 1] if 0 < index <= len(case.assists) else None
    unit = assist.unit if by is By.CALLED and assist else case.unit
    if by is By.DISTRICT and assist and now_and_then(draw, 2):
        unit = assist.copy_to or case.orders[assist.order - 1].copy_to
        return _of(unit) if unit else one_of(draw, _HOTLINE)
    if by in (By.HOLDER, By.CALLED) or (by is By.ANYBODY and now_and_then(draw)):
        return _of(unit) if unit else one_of(draw, _HOTLINE)
    if by is By.ENGINE:
        return SYSTEM
    if by is By.SUPERVISOR:
        return next(one for one in _PEOPLE if one.role is Role.SUPERVISOR)
    if by is By.COMPLAINANT:
        return next(one for one in _PEOPLE if one.role is Role.INTAKE)
    return one_of(draw, _HOTLINE)


def _of(unit: str) -> Actor:
    return Actor(role=Role.UNIT_LEAD, id=f"key:{unit}", unit=unit)
