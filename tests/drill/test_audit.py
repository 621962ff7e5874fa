"""The audit sees each kind of broken promise: a drill that cannot fail proves nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cases.commands import Acknowledge, Command, Receive, Tick, Urge
from cases.deadlines import next_alarm
from cases.decide import decide
from cases.events import Breached, Event
from cases.evolve import fold
from cases.owed import owed
from cases.routing import Route
from cases.vocabulary import Actor, Channel, Complainant, Complaint, Kind, Location, Role
from tests.drill.audit import audit, firings
from tests.drill.breaking import Outage
from tests.drill.ledger import Arrival, Entry
from tests.drill.plan import Fault, faults, lives
from tests.drill.seen import Seen
from tests.unit.narrative import FULL, INTAKE

NUMBER = "20260101-AAAA-AAAA-A"
BEGAN = datetime(2026, 1, 5, 2, tzinfo=UTC)
UNIT = Actor(role=Role.UNIT_LEAD, id="key:unit", unit="roads")


def _add(history: list[Event], act: Acknowledge | Urge | Tick, actor: Actor, at: datetime) -> None:
    history += decide(fold(history), Command(id=act.type, actor=actor, act=act), at)


def _history() -> list[Event]:
    complaint = Complaint(
        source="app",
        source_ref="one",
        channel=Channel.WEB,
        kind=Kind.COMPLAINT,
        category="roads/pothole",
        description="A hole.",
        location=Location(address="Main street 1"),
        complainant=Complainant(email="one@example.org"),
        received_at=BEGAN,
    )
    act = Receive(
        number=NUMBER, complaint=complaint, terms=FULL.terms("general"), route=Route(unit="roads", reason="line 1")
    )
    history = decide(None, Command(id="receive", actor=INTAKE, act=act), BEGAN)
    _add(history, Acknowledge(), UNIT, BEGAN + timedelta(minutes=1))
    _add(history, Urge(), INTAKE, BEGAN + timedelta(minutes=2))
    return history


def _late_history() -> list[Event]:
    """One whose first limit was breached, a second after its time."""
    history = _history()[:-2]
    while not isinstance(history[-1].fact, Breached):
        alarm = next_alarm(fold(history))
        assert alarm is not None
        _add(history, Tick(), INTAKE, alarm.astimezone(UTC) + timedelta(seconds=1))
    return history


def _seen(history: Sequence[Event]) -> Seen:
    orders, notices = owed(history)
    steps = [("receive", 201), ("acknowledge", 200), ("urge", 200)]
    entries = []
    for step, status in steps:
        entries.append(Entry(at=BEGAN.timestamp(), reference="one", step=step))
        version = len(history) if step != "receive" else 1
        entries.append(
            Entry(at=BEGAN.timestamp(), reference="one", step=step, status=status, number=NUMBER, version=version)
        )
    mails = [one.key for one in notices if one.to == "complainant"]
    return Seen(
        entries=entries,
        histories={NUMBER: history},
        records={NUMBER: history},
        arrivals=[Arrival(form.key, form.unit, NUMBER, "same") for form in orders],
        mail=[Arrival(key, "one@example.org", "", key) for key in mails],
        now=history[-1].at.timestamp() + 1,
    )


def _broken(seen: Seen) -> dict[str, list[str]]:
    return {account.name: account.broken for account in audit(seen) if account.broken}


@pytest.fixture
def whole() -> Seen:
    """A case of which every promise was kept."""
    return _seen(_history())


def test_nothing_is_broken_where_every_promise_was_kept(whole: Seen) -> None:
    assert _broken(whole) == {}
    assert all(account.kept == account.made for account in audit(whole))


def test_a_lost_case_is_seen(whole: Seen) -> None:
    assert "cases" in _broken(replace(whole, histories={}, records={}))


def test_a_case_whose_workflow_is_stuck_is_seen(whole: Seen) -> None:
    assert "cases" in _broken(replace(whole, unheard=[NUMBER]))


def test_a_lost_act_is_seen(whole: Seen) -> None:
    shorter = whole.histories[NUMBER][:-1]
    assert "acts" in _broken(replace(whole, histories={NUMBER: shorter}))


def test_an_act_that_was_done_twice_is_seen(whole: Seen) -> None:
    history = list(whole.histories[NUMBER])
    again = decide(fold(history), Command(id="again", actor=INTAKE, act=Urge()), BEGAN + timedelta(hours=12))
    assert "once" in _broken(replace(whole, histories={NUMBER: [*history, *again]}))


def test_an_act_that_was_refused_and_done_is_seen(whole: Seen) -> None:
    entries = [
        one.model_copy(update={"status": 409}) if one.step == "urge" and one.status else one for one in whole.entries
    ]
    assert "once" in _broken(replace(whole, entries=entries))


def test_a_caller_who_is_never_answered_is_seen(whole: Seen) -> None:
    assert "answers" in _broken(replace(whole, entries=[one for one in whole.entries if not one.accepted]))


def test_a_second_number_is_seen(whole: Seen) -> None:
    other = "20260101-BBBB-BBBB-B"
    assert "numbers" in _broken(replace(whole, histories={**whole.histories, other: whole.histories[NUMBER]}))


def test_a_doubled_order_is_seen(whole: Seen) -> None:
    twice = whole.arrivals[0]._replace(key="another")
    assert "orders" in _broken(replace(whole, arrivals=[*whole.arrivals, twice]))


def test_an_order_with_two_contents_is_seen(whole: Seen) -> None:
    other = whole.arrivals[0]._replace(said="other")
    assert "orders" in _broken(replace(whole, arrivals=[*whole.arrivals, other]))


def test_the_same_order_twice_under_its_key_is_no_second_effect(whole: Seen) -> None:
    assert _broken(replace(whole, arrivals=[*whole.arrivals, whole.arrivals[0]])) == {}


def test_an_order_that_never_came_is_seen(whole: Seen) -> None:
    assert "orders" in _broken(replace(whole, arrivals=whole.arrivals[1:]))


def test_a_doubled_notice_is_seen(whole: Seen) -> None:
    assert "notices" in _broken(replace(whole, mail=[*whole.mail, whole.mail[0]._replace(key="another")]))


def test_a_differing_record_is_seen(whole: Seen) -> None:
    changed = [*whole.histories[NUMBER][:-1], whole.histories[NUMBER][-1].model_copy(update={"actor": UNIT})]
    assert "records" in _broken(replace(whole, records={NUMBER: changed}))
    assert "records" in _broken(replace(whole, records={NUMBER: changed[:-1]}))


def test_drift_is_seen(whole: Seen) -> None:
    assert "drift" in _broken(replace(whole, drifts=["one"]))


def test_an_early_breach_is_seen() -> None:
    history = _late_history()
    early = history[-1].model_copy(update={"at": history[-1].at - timedelta(seconds=2)})
    assert "early" not in _broken(_seen(history))
    assert "early" in _broken(_seen([*history[:-1], early]))


def test_a_breach_before_the_limit_from_the_first_call_on_is_seen() -> None:
    seen = _seen(_late_history())
    name = seen.histories[NUMBER][-1].fact.deadline.split("/")[0]  # type: ignore[union-attr]
    assert "early" in _broken(replace(seen, within={name: 10_000_000.0}))


def test_a_limit_that_never_fires_is_seen(whole: Seen) -> None:
    assert "fired" in _broken(replace(whole, now=(BEGAN + timedelta(days=60)).timestamp()))


def test_a_late_breach_is_seen_unless_the_service_was_away() -> None:
    history = _late_history()
    late = history[-1].model_copy(update={"at": history[-1].at + timedelta(seconds=30)})
    seen = _seen([*history[:-1], late])
    assert "prompt" in _broken(seen)
    fired = late.at.timestamp()
    outage = Outage(Fault("kill", "worker", 0, 15), fired - 40, fired - 8, fired - 5)
    assert "prompt" not in _broken(replace(seen, outages=[outage]))
    assert [one.in_outage for one in firings(replace(seen, outages=[outage]))][-1]
    # Away for as long, and yet it fires too long after everything answered again.
    slow = replace(outage, lifted=fired - 16, answered=fired - 15)
    assert "prompt" in _broken(replace(seen, outages=[slow]))
    # What fires them was there all the time.
    assert "prompt" in _broken(replace(seen, outages=[replace(outage, fault=Fault("kill", "api", 0, 15))]))


def test_a_seed_plans_the_same_again_and_another_one_something_else() -> None:
    assert faults(7, 300) == faults(7, 300) != faults(8, 300)
    assert lives(7, 60, 3, 20) == lives(7, 60, 3, 20) != lives(8, 60, 3, 20)


def test_what_is_not_possible_is_not_planned() -> None:
    assert {fault.kind for fault in faults(7, 3_000)} >= {"fill", "clock"}
    assert not {fault.kind for fault in faults(7, 3_000, ("fill", "clock"))} & {"fill", "clock"}


def test_a_long_plan_kills_every_part() -> None:
    killed = {fault.target for fault in faults(7, 3_000) if fault.kind == "kill"}
    assert killed == {"worker", "api", "temporal", "postgres", "units"}
