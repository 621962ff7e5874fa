"""Samples of every notice: cases led by real commands, and what they owe to people, for whoever checks the texts."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from cases import commands as do
from cases import number
from cases.case import Case
from cases.city import City
from cases.decide import decide
from cases.effects import effects
from cases.events import Event
from cases.evolve import evolve
from cases.limits import Anchor, Budget, Limit
from cases.notice import Notice, notice
from cases.routing import Route
from cases.rules import AppealRules
from cases.triage import AnsweredAtOnce, OutsideDuty
from cases.vocabulary import (
    SYSTEM,
    Actor,
    Channel,
    Complainant,
    Complaint,
    Kind,
    Location,
    Outcome,
    Role,
    Satisfaction,
)
from hotline.policies import load

_MORNING = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)
"""Nine o'clock in the city's zone."""

_STREET, _DISTRICT, _LAMPS, _WATER, _HEATING = (
    "dongcheng-donghuamen",
    "dongcheng",
    "city-management",
    "water-group",
    "heating-group",
)
_DESK = Actor(role=Role.DESK)
_SUPERVISOR = Actor(role=Role.SUPERVISOR)

_SAID = {
    "zh": {
        "name": "李明",
        "address": "灯市口大街77号",
        "subject": "胡同路灯不亮",
        "matter": "巷口三盏路灯坏了一周，夜间通行不便。",
        "progress": "已到现场查看，正在采购灯具。",
        "result": "三盏路灯已全部更换，夜间照明恢复正常。",
        "explained": "该路段正在改造，路灯将随改造工程于年底前统一更换，已在巷口加装临时照明。",
        "plan": "结合老旧小区改造分两期更新线路，先期安装临时照明。",
        "owner": "街道城管办",
        "exit": "新线路通电并经现场验收",
        "ask": "请提供路灯杆编号或现场照片",
        "why": "灯具需定制，到货需两周",
        "not_ours": "该路段路灯由市城市管理委员会负责维护",
        "decision": "依据派单目录，该事项属本单位职责",
        "task": "请查明路灯供电线路产权并配合抢修",
        "question": "该路段路灯由哪个单位维护？",
        "told": "该路灯属小区物业自建，建议先联系物业服务企业",
        "urgent": "多次反映未解决，需重点督促",
        "failed": "对方系统无响应",
    },
    "en": {
        "name": "Alex Li",
        "address": "77 Dengshikou Street",
        "subject": "Street lamps out in the alley",
        "matter": "Three lamps at the mouth of the alley have been out for a week.",
        "progress": "We have been there and have ordered new lamps.",
        "result": "All three lamps have been replaced, and the alley is lit again.",
        "explained": "The street is being rebuilt; its lamps come with that by the end of the year.",
        "plan": "Renew the cables in two stages with the old buildings; provisional lamps come first.",
        "owner": "City office of the subdistrict",
        "exit": "The new cables carry current and have been inspected",
        "ask": "Please send the number on the lamp post, or a picture.",
        "why": "The lamps are made to order and take two weeks",
        "not_ours": "The lamps of this street belong to the Commission of City Management",
        "decision": "By the dispatch catalogue the matter is the unit's own",
        "task": "Find out whose the cables are, and help to repair them",
        "question": "Which unit looks after the lamps of this street?",
        "told": "The lamps belong to the housing estate; please turn to its management first.",
        "urgent": "It was brought several times and is not solved",
        "failed": "the system does not answer",
    },
}
"""What people say in the samples; in English where a language has none of its own."""


def city() -> City:
    """The city of the samples: the shipped Beijing, with a stage of appeal so that there is nothing it leaves out."""
    shipped = load("beijing")
    appeal = AppealRules(
        within=Budget.parse("30 days"), resolve=Limit(within=Budget.parse("20 days"), counts_from=Anchor.DISPATCH)
    )
    return City(shipped.policy.model_copy(update={"appeal": appeal}), shipped.catalogue)


def samples(language: str, of: City) -> list[Notice]:
    """Notices of every kind, from cases whose people speak a language."""
    return [one for told in stories(language, of) for one in told.notices]


def stories(language: str, of: City) -> list["Told"]:
    """Cases whose people speak a language, between them with everything that a case may meet with."""
    said = _SAID.get(language.partition("-")[0], _SAID["en"])
    return [told for story in _STORIES for told in story(said, of)]


class Told:
    """A case told command by command, each so many hours after the one before: its events, and the notices owed."""

    def __init__(self, said: dict[str, str], of: City, unit: str | None = _STREET, **receipt: Any) -> None:
        self.events: list[Event] = []
        self.notices: list[Notice] = []
        self.now = _MORNING
        self._commands = 0
        self._case: Case | None = None
        kind = receipt.pop("kind", Kind.COMPLAINT)
        complaint = Complaint(
            source="sample",
            channel=Channel.PHONE,
            kind=kind,
            category="streets/lighting",
            subject=said["subject"],
            description=said["matter"],
            location=Location(area=_STREET, address=said["address"]),
            complainant=Complainant(name=said["name"], phone="13800000000"),
            received_at=self.now,
        )
        placed = Route(unit=None, reason="unclear") if unit is None else of.catalogue.to(unit, "sample")
        name = number.derive("sample", f"{unit} {kind} {receipt}")
        self._give(
            do.Receive(number=name, complaint=complaint, terms=of.policy.terms("general"), route=placed, **receipt),
            SYSTEM,
        )

    def then(self, act: do.Act, by: Actor | str = _DESK, after: float = 1) -> "Told":
        """Give a command: by somebody, or by the unit of a code."""
        self.now += timedelta(hours=after)
        self._give(act, Actor(role=Role.UNIT_LEAD, unit=by) if isinstance(by, str) else by)
        return self

    def idle(self, days: int) -> "Told":
        """Let days pass in which nobody does anything."""
        for _ in range(days * 4):
            self.then(do.Tick(), SYSTEM, 6)
        return self

    def _give(self, act: do.Act, by: Actor) -> None:
        self._commands += 1
        for event in decide(self._case, do.Command(id=str(self._commands), actor=by, act=act), self.now):
            self._took(event)

    def _took(self, event: Event) -> None:
        self._case = evolve(self._case, event)
        self.events.append(event)
        owed = (effect for effect in effects(self._case, event) if effect.kind == "notice")
        self.notices += [notice(self._case, event, effect) for effect in owed]


_Story = Callable[[dict[str, str], City], Iterator[Told]]
_SOLVED = do.CallBack(reached=True, contacted=True, solved=True, satisfaction=Satisfaction.SATISFIED)
_UNSOLVED = do.CallBack(reached=True, contacted=True, solved=False, satisfaction=Satisfaction.DISSATISFIED)


def _working(said: dict[str, str], of: City, unit: str = _STREET) -> Told:
    return Told(said, of, unit).then(do.Acknowledge(), unit).then(do.Contact(), unit)


def _a_long_life(said: dict[str, str], of: City) -> Iterator[Told]:
    told = _working(said, of)
    told.then(do.Progress(note=said["progress"]), _STREET)
    told.then(do.Wait(reason=said["ask"]), _STREET).then(do.Supplement(channel=Channel.SMS, note=said["matter"]))
    told.then(do.Urge(note=said["matter"])).then(do.Supervise(reason=said["urgent"]))
    told.then(do.RequestExtension(by=Budget.parse("10 days"), reason=said["why"]), _STREET)
    told.then(do.DecideExtension(granted=True), _SUPERVISOR)
    until = told.now + timedelta(days=200)
    hold = do.Hold(
        plan=said["plan"],
        owner=said["owner"],
        exit=said["exit"],
        reviews=(told.now + timedelta(days=30), told.now + timedelta(days=60)),
        until=until,
    )
    told.then(hold, _SUPERVISOR).then(do.Resume(reason=said["decision"]))
    calls = tuple(do.Called(unit=unit, copy_to=_DISTRICT, task=said["task"]) for unit in (_LAMPS, _WATER, _HEATING))
    told.then(do.Whistle(calls=calls), _STREET)
    told.then(do.FailDelivery(order=1, assist=1, unit=_LAMPS, reason=said["failed"], about="assist"), SYSTEM)
    told.then(do.AssistRefuse(assist=1, reason=said["not_ours"]), _LAMPS)
    told.then(do.AssistAdjudicate(assist=1, upheld=False, reason=said["decision"]), _DISTRICT)
    told.then(do.AssistRefuse(assist=2, reason=said["not_ours"]), _WATER)
    told.then(do.AssistAdjudicate(assist=2, upheld=True, reason=said["decision"]), _DISTRICT)
    told.then(do.AssistProgress(assist=1, note=said["progress"]), _LAMPS)
    told.then(do.AssistReport(assist=1, note=said["result"]), _LAMPS)
    told.then(do.Escalate(reason=said["why"]), _STREET).then(do.Escalate(reason=said["why"], to="supervisor"), _STREET)
    told.then(do.Report(outcome=Outcome.SOLVED, note=said["result"], missing_reason=said["why"]), _STREET)
    told.then(_SOLVED).then(do.Progress(note=said["progress"]), _STREET).then(do.Reopen(reason=said["matter"]))
    told.then(do.Acknowledge(), _STREET).then(do.Contact(), _STREET)
    told.then(do.RequestExtension(by=Budget.parse("2 days"), reason=said["why"]), _STREET)
    told.then(do.DecideExtension(granted=False, reason=said["decision"]), _SUPERVISOR)
    told.then(do.Report(outcome=Outcome.EXPLAINED, note=said["explained"]), _STREET).then(_UNSOLVED)
    yield told.then(do.Appeal(reason=said["matter"]))


def _disputed(said: dict[str, str], of: City) -> Iterator[Told]:
    objection = do.Return(reason=said["not_ours"], proposed=_LAMPS)
    rejected = do.Adjudicate(upheld=False, reason=said["decision"])
    yield Told(said, of).then(objection, _STREET).then(rejected)
    told = Told(said, of, _HEATING).then(objection, _HEATING)
    told.then(do.Adjudicate(upheld=True, reason=said["decision"], unit=_WATER)).then(objection, _WATER)
    told.then(do.Adjudicate(upheld=True, reason=said["decision"]))
    told.then(do.Designate(unit=_STREET, copy_to=_DISTRICT, reason=said["decision"]), _SUPERVISOR)
    yield told.then(do.Reassign(unit=_LAMPS, reason=said["decision"]))


def _unclear(said: dict[str, str], of: City) -> Iterator[Told]:
    told = Told(said, of, None).then(do.Consult(units=(_LAMPS, _STREET), question=said["question"]))
    told.then(do.Urge()).then(do.Supplement(channel=Channel.PHONE, note=said["matter"]))
    yield told.then(do.Supervise(reason=said["urgent"])).idle(3).then(do.Withdraw())


def _at_once(said: dict[str, str], of: City) -> Iterator[Told]:
    yield Told(said, of, None, kind=Kind.CONSULTATION, triage=AnsweredAtOnce(told=said["told"]))
    yield Told(said, of, None, triage=OutsideDuty(unit="housing", told=said["told"]))


def _unheard(said: dict[str, str], of: City) -> Iterator[Told]:
    report = do.Report(outcome=Outcome.SOLVED, note=said["result"])
    told = _working(said, of).then(report, _STREET)
    for _ in range(3):
        told.then(do.CallBack(reached=False), after=2.5)
    yield told
    told = _working(said, of).then(report, _STREET).then(_UNSOLVED)
    told.then(do.Acknowledge(), _STREET).then(report, _STREET).then(_UNSOLVED)
    yield told.then(do.Close(outcome=Outcome.UNSOLVED, reason=said["explained"]), _SUPERVISOR)


def _together(said: dict[str, str], of: City) -> Iterator[Told]:
    lead = number.derive("sample", "the one that leads")
    join = do.Join(incident=lead, unit=_LAMPS, reason=said["decision"])
    solved = do.Relay(incident=lead, version=9, unit=_LAMPS, outcome=Outcome.SOLVED, note=said["result"])
    yield Told(said, of, _STREET).then(join).then(solved, SYSTEM)
    yield Told(said, of, _LAMPS).then(join).then(do.Relay(incident=lead, version=9, ended=True), SYSTEM)


def _late(said: dict[str, str], of: City) -> Iterator[Told]:
    failed = do.FailDelivery(order=1, unit=_STREET, reason=said["failed"], final=False)
    yield Told(said, of).then(failed, SYSTEM).idle(12)
    told = _working(said, of)
    yield told.then(do.RequestExtension(by=Budget.parse("10 days"), reason=said["why"]), _STREET).idle(3)


def _led_by_nobody(said: dict[str, str], of: City) -> Iterator[Told]:
    """Units that were called in go on while the desk looks for another one to lead them."""
    told = Told(said, of).then(do.Acknowledge(), _STREET)
    calls = tuple(do.Called(unit=unit, task=said["task"]) for unit in (_LAMPS, _WATER, _HEATING))
    told.then(do.Whistle(calls=calls), _STREET).then(do.Return(reason=said["not_ours"]), _STREET)
    told.then(do.Adjudicate(upheld=True, reason=said["decision"]))
    told.then(do.AssistRefuse(assist=1, reason=said["not_ours"]), _LAMPS)
    told.then(do.AssistAdjudicate(assist=1, upheld=False, reason=said["decision"]))
    told.then(do.AssistRefuse(assist=2, reason=said["not_ours"]), _WATER)
    told.then(do.AssistAdjudicate(assist=2, upheld=True, reason=said["decision"]))
    told.then(do.AssistProgress(assist=3, note=said["progress"]), _HEATING)
    yield told.then(do.AssistReport(assist=3, note=said["result"]), _HEATING)


def _without_district(said: dict[str, str], of: City) -> Iterator[Told]:
    told = _working(said, of, _HEATING).then(do.Supervise(reason=said["urgent"]))
    told.then(do.Whistle(calls=(do.Called(unit=_WATER, task=said["task"]),)), _HEATING)
    yield told.then(do.AssistRefuse(assist=1, reason=said["not_ours"]), _WATER)


_STORIES: tuple[_Story, ...] = (
    _a_long_life,
    _disputed,
    _unclear,
    _at_once,
    _unheard,
    _together,
    _late,
    _led_by_nobody,
    _without_district,
)
