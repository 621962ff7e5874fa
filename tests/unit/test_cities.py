"""Policies of other cities and countries: each has a rule that Beijing's has not, and none needs code."""

from datetime import date, datetime, timedelta

import pytest

from cases import number
from cases.calendar import Calendar
from cases.case import Case
from cases.commands import (
    Acknowledge,
    Act,
    Appeal,
    Command,
    DecideExtension,
    Designate,
    Dispatch,
    Progress,
    Rate,
    Receive,
    Report,
    RequestExtension,
    Return,
    Tick,
)
from cases.deadlines import Deadline, Standing, deadlines
from cases.decide import decide
from cases.errors import RefusalError
from cases.events import Event
from cases.evolve import fold
from cases.limits import Budget
from cases.policy import Policy
from cases.vocabulary import Actor, Channel, Complaint, Kind, Location, Outcome, Role, Satisfaction
from hotline.policies import load, names

DESK = Actor(role=Role.DESK, id="key:desk")
SUPERVISOR = Actor(role=Role.SUPERVISOR, id="key:supervisor")
COMPLAINANT = Actor(role=Role.INTAKE, id="key:intake")


class Life:
    """A case under a shipped policy. `at` moves its clock to a time of day in the city, `do` gives a command then."""

    def __init__(
        self, policy: str, category: str, received: str, kind: Kind = Kind.COMPLAINT, area: str | None = None
    ) -> None:
        city = load(policy)
        self.zone = city.policy.city_zone
        self.now = datetime.fromisoformat(received).replace(tzinfo=self.zone)
        level = city.policy.level_for(kind, city.catalogue.categories[category].level)
        complaint = Complaint(
            source="test",
            channel=Channel.PHONE,
            kind=kind,
            category=category,
            description="Somebody should look at it.",
            location=Location(area=area),
            received_at=self.now,
        )
        act = Receive(
            number=number.derive("test", "1"),
            complaint=complaint,
            terms=city.policy.terms(level, self.now.date()),
            route=city.catalogue.route(category, area),
        )
        self.events: list[Event] = decide(None, Command(id="receive", actor=COMPLAINANT, act=act), self.now)

    @property
    def case(self) -> Case:
        return fold(self.events)

    def at(self, moment: str) -> "Life":
        self.now = datetime.fromisoformat(moment).replace(tzinfo=self.zone)
        return self

    def do(self, act: Act, actor: Actor | None = None) -> list[str]:
        """Give a command, as the unit that leads if nobody else is named; answers what came of it."""
        actor = actor or Actor(role=Role.UNIT_LEAD, id="key:unit", unit=self.case.unit)
        events = decide(self.case, Command(id=f"command-{len(self.events)}", actor=actor, act=act), self.now)
        self.events += events
        return [event.fact.type for event in events]

    def refusal(self, act: Act, actor: Actor | None = None) -> str:
        with pytest.raises(RefusalError) as refused:
            self.do(act, actor)
        return refused.value.rule

    def deadline(self, name: str) -> Deadline:
        """The latest deadline of a name."""
        return [one for one in deadlines(self.case) if one.name == name][-1]

    def due(self, name: str) -> str:
        return self.deadline(name).due_at.isoformat(timespec="minutes")


def test_in_guangdong_the_kind_decides_and_danger_goes_before_it() -> None:
    # From Wednesday before National Day: the week of the holiday does not count, the Saturday after it does.
    received = "2026-09-30T10:00"
    due = {
        kind: Life("guangdong", "environment/noise", received, kind).due("resolution")
        for kind in (Kind.CONSULTATION, Kind.HELP, Kind.COMPLAINT)
    }
    assert due == {
        Kind.CONSULTATION: "2026-10-09T17:30+08:00",
        Kind.HELP: "2026-10-20T17:30+08:00",
        Kind.COMPLAINT: "2026-10-27T17:30+08:00",
    }
    danger = Life("guangdong", "danger/gas-smell", received, Kind.CONSULTATION)
    assert danger.due("resolution") == "2026-10-01T10:00+08:00"


def test_over_the_spring_festival_both_its_worked_saturdays_count() -> None:
    # Friday the 13th; worked on the 14th, nine days off, back from the 24th, and worked again on Saturday the 28th.
    case = Life("guangdong", "labour/unpaid-wages", "2026-02-13T10:00", Kind.HELP)
    assert case.due("resolution") == "2026-03-05T17:30+08:00"
    assert "10 working days from dispatch" in case.deadline("resolution").explanation


def test_jinan_counts_five_working_days_to_the_same_time_of_day() -> None:
    case = Life("jinan", "heating/cold-home", "2026-09-04T16:00")
    assert case.due("resolution") == "2026-09-11T16:00+08:00"
    warnings = [rung for rung in case.deadline("resolution").rungs if rung.mark.startswith("warning")]
    assert warnings[0].at.isoformat(timespec="minutes") == "2026-09-09T16:00+08:00", "three of the five days"


def test_after_the_final_designation_there_is_no_objection() -> None:
    case = Life("jinan", "heating/cold-home", "2026-09-04T09:00")
    case.do(Designate(unit="housing", reason="The pipes are in the wall."), SUPERVISOR)
    assert case.refusal(Return(reason="Not ours.")) == "returns_exhausted"
    assert case.do(Acknowledge()) == ["acknowledged"]


def test_jingan_has_four_steps_of_working_days_and_first_contact_within_one() -> None:
    friday = "2026-09-04T16:00"
    due = {
        category: Life("shanghai-jingan", category, friday, area="jingansi")
        for category in ("utilities/water-outage", "streets/litter", "housing/neighbour-dispute")
    }
    assert [case.due("resolution")[:16] for case in due.values()] == [
        "2026-09-07T17:30",
        "2026-09-09T17:30",
        "2026-09-11T17:30",
    ]
    # Mid-Autumn Festival on the 25th; the Sunday before National Day, the 20th, is worked.
    fifteen = Life("shanghai-jingan", "housing/illegal-building", friday)
    assert fifteen.due("resolution") == "2026-09-24T17:30+08:00"
    assert {case.due("handling")[:16] for case in (*due.values(), fifteen)} == {"2026-09-07T17:30"}


def test_in_the_uk_the_reply_counts_from_the_acknowledgment() -> None:
    # Received on Thursday before Easter: Good Friday and Easter Monday are no working days, and summer time is new.
    case = Life("uk-ombudsman", "repairs/heating", "2026-03-26T15:00")
    assert case.due("acknowledgment") == "2026-04-02T17:00+01:00"
    assert not [one for one in deadlines(case.case) if one.name == "resolution"]
    case.at("2026-03-31T10:00").do(Acknowledge())
    assert case.due("resolution") == "2026-04-16T17:00+01:00"
    assert case.deadline("acknowledgment").standing is Standing.MET


def test_in_the_uk_working_days_close_at_five_on_either_side_of_the_change_to_winter_time() -> None:
    case = Life("uk-ombudsman", "repairs/heating", "2026-10-20T10:00")
    case.at("2026-10-22T16:00").do(Acknowledge())
    assert case.due("resolution") == "2026-11-05T17:00+00:00"
    half = case.deadline("resolution").rungs[0]
    # Ten days and the hour left of the first are 81 working hours; half of them are over on the Thursday after.
    assert half.at.isoformat(timespec="minutes") == "2026-10-29T16:30+00:00"


def test_in_the_uk_there_is_one_extension_of_ten_working_days() -> None:
    case = Life("uk-ombudsman", "repairs/heating", "2026-09-01T10:00")
    case.do(Acknowledge())
    assert case.due("resolution") == "2026-09-15T17:00+01:00"
    longer = RequestExtension(by=Budget.parse("11 working days"), reason="A surveyor must come.")
    assert case.refusal(longer) == "extension_too_long"
    case.do(RequestExtension(by=Budget.parse("10 working days"), reason="A surveyor must come."))
    case.do(DecideExtension(granted=True, reason="He does."), SUPERVISOR)
    assert case.due("resolution") == "2026-09-29T17:00+01:00"
    again = RequestExtension(by=Budget.parse("1 working day"), reason="He is late.")
    assert case.refusal(again) == "extensions_exhausted"


def test_in_the_uk_stage_two_has_its_own_limits_and_another_reviewer() -> None:
    case = Life("uk-ombudsman", "repairs/heating", "2026-09-01T10:00")
    case.do(Acknowledge())
    assert case.at("2026-09-08T10:00").do(Report(outcome=Outcome.EXPLAINED, note="It works.")) == ["reported", "closed"]
    case.at("2026-10-01T10:00").do(Appeal(reason="It does not."), COMPLAINANT)
    assert case.refusal(Dispatch(unit="repairs", reason="Theirs."), DESK) == "same_reviewer"
    case.at("2026-10-02T10:00").do(Dispatch(unit="review", reason="Stage 2."), DESK)
    assert case.due("acknowledgment") == "2026-10-08T17:00+01:00", "five working days from the appeal"
    case.at("2026-10-07T12:00").do(Acknowledge())
    assert case.due("resolution") == "2026-11-04T17:00+00:00", "twenty from the acknowledgment"
    case.do(Report(outcome=Outcome.SOLVED, note="A new boiler."))
    assert case.refusal(Appeal(reason="Still."), COMPLAINANT) == "appealed_enough"


def test_in_korea_the_days_count_from_the_receipt_by_the_unit_that_has_it_in_the_end() -> None:
    case = Life("korea-epeople", "traffic/illegal-parking", "2026-09-01T10:00", area="mapo")
    case.at("2026-09-01T15:00").do(Acknowledge())
    assert case.due("resolution") == "2026-09-08T15:00+09:00"
    case.at("2026-09-03T09:00").do(Return(reason="The road is the police's."))
    case.at("2026-09-03T11:00").do(Dispatch(unit="police", reason="Theirs."), DESK)
    assert case.due("acknowledgment") == "2026-09-04T11:00+09:00"
    case.at("2026-09-04T09:30").do(Acknowledge())
    assert case.due("resolution") == "2026-09-11T09:30+09:00"
    assert Life("korea-epeople", "law/interpretation", "2026-09-01T10:00").case.terms.resolve.within == Budget(
        14, "day"
    )


def test_in_korea_a_limit_can_be_extended_twice() -> None:
    case = Life("korea-epeople", "labour/unpaid-wages", "2026-09-01T10:00")
    case.do(Acknowledge())
    for due in ("2026-09-22T10:00+09:00", "2026-09-29T10:00+09:00"):
        case.do(RequestExtension(by=Budget.parse("7 days"), reason="The employer has not answered."))
        case.do(DecideExtension(granted=True, reason="Granted."), SUPERVISOR)
        assert case.due("resolution") == due
    third = RequestExtension(by=Budget.parse("1 day"), reason="Still not.")
    assert case.refusal(third) == "extensions_exhausted"


def test_in_india_an_interim_reply_is_due_within_the_21_days() -> None:
    case = Life("india-cpgrams", "pensions/delayed", "2026-09-01T10:00")
    case.do(Acknowledge())
    assert (case.due("progress"), case.due("resolution")) == ("2026-09-15T10:00+05:30", "2026-09-22T10:00+05:30")
    case.at("2026-09-10T10:00").do(Progress(note="The file is with the bank."))
    assert case.deadline("progress").standing is Standing.MET
    assert case.at("2026-09-22T10:00").do(Tick())[-1] == "breached"
    assert case.deadline("resolution").standing is Standing.BREACHED


def test_in_india_only_a_poor_rating_unlocks_the_appeal() -> None:
    case = Life("india-cpgrams", "pensions/delayed", "2026-09-01T10:00")
    case.do(Acknowledge())
    case.at("2026-09-11T10:00").do(Report(outcome=Outcome.EXPLAINED, note="Paid already."))
    appeal = Appeal(reason="It was not.")
    assert case.refusal(appeal, COMPLAINANT) == "appeal_locked"
    case.do(Rate(satisfaction=Satisfaction.SATISFIED), COMPLAINANT)
    assert case.refusal(appeal, COMPLAINANT) == "appeal_locked"
    case.do(Rate(satisfaction=Satisfaction.DISSATISFIED), COMPLAINANT)
    assert case.do(appeal, COMPLAINANT) == ["appealed"]
    assert case.refusal(Dispatch(unit="pensions", reason="Theirs."), DESK) == "same_reviewer"
    case.do(Dispatch(unit="appeals", reason="Another reviewer."), DESK)
    assert case.due("resolution") == "2026-10-11T10:00+05:30"


@pytest.mark.parametrize("name", names())
def test_every_shipped_policy_can_be_hastened_and_read_back(name: str) -> None:
    policy = load(name).policy
    fast = policy.faster(60)
    assert Policy.model_validate_json(fast.model_dump_json()) == fast
    assert len(list(fast.alarms())) == len(list(policy.alarms()))
    for level in fast.levels:
        terms = fast.terms(level)
        assert terms.calendar is None, "nothing counts working days any more"
        assert terms.resolve.within.unit == "second"


@pytest.mark.parametrize("name", names())
def test_every_level_of_a_shipped_policy_serves_a_kind_or_a_category(name: str) -> None:
    city = load(name)
    served = {
        city.policy.level_for(kind, category.level) for kind in Kind for category in city.catalogue.categories.values()
    }
    assert served == set(city.policy.levels)


def test_a_case_carries_the_holidays_it_may_live_to_see_and_gets_those_announced_later() -> None:
    policy = load("guangdong").policy
    terms = policy.terms("ten-days", date(2026, 3, 2))
    assert terms.calendar is not None
    assert {day.year for day in terms.calendar.holidays} == {2026, 2027}
    assert terms.calendar.known_until == date(2026, 12, 31)

    announced = Calendar(
        windows=terms.calendar.windows,
        holidays=(date(2026, 10, 9), date(2027, 10, 1)),
        known_until=date(2027, 12, 31),
    )
    later = policy.model_copy(update={"calendar": announced, "version": "2026.4"})
    renewed = later.renewed(terms, date(2026, 10, 5))
    assert renewed.version == terms.version, "it keeps its terms"
    assert renewed.calendar is not None
    assert date(2026, 10, 1) in renewed.calendar.holidays, "what it has counted stays as it was"
    assert date(2026, 10, 6) not in renewed.calendar.holidays, "what lies ahead is as it was announced"
    assert date(2026, 10, 9) in renewed.calendar.holidays
    assert renewed.calendar.known_until == date(2027, 11, 9), "400 days on, and no further than it carries"

    adopting = later.model_copy(update={"open_cases": "adopt"}).renewed(terms, date(2026, 10, 5))
    assert adopting.version == "2026.4"
    assert adopting.calendar == renewed.calendar.model_copy(update={"day_ends": "same_time"})


def test_a_case_that_counts_no_working_time_is_not_renewed() -> None:
    policy = load("beijing").policy
    terms = policy.terms("general")
    assert policy.renewed(terms, date(2026, 10, 5)) == terms
    assert load("guangdong").policy.renewed(terms, date(2026, 10, 5)) == terms


def test_one_working_day_from_friday_afternoon_is_what_each_policy_says() -> None:
    friday = datetime(2026, 9, 4, 16, tzinfo=load("jinan").policy.city_zone)
    ends = {}
    for name in ("jinan", "guangdong"):
        policy = load(name).policy
        ends[name] = Budget.parse("1 working day").after(friday, policy.city_zone, policy.calendar) - friday
    assert ends == {"jinan": timedelta(days=3), "guangdong": timedelta(days=3, hours=1.5)}
    assert Budget.parse("24 hours").after(friday, friday.tzinfo, None) - friday == timedelta(hours=24)  # type: ignore[arg-type]
