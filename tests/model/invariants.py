"""What holds of every case, whatever is done to it, in whatever order and however often.

Each invariant says from which article it comes. `CHANGES` hold over every single event, `TURNS` over every command;
what holds of whole histories is in `histories`.
"""

from datetime import UTC, datetime, timedelta

import pytest

from cases.commands import Command, Remark
from cases.deadlines import Deadline
from cases.decide import allowed, decide
from cases.errors import RefusalError
from cases.events import Adopted, Breached, Dispatched, Escalated, Event, Joined, Returned, Warned
from cases.lifecycle import LATE, STEPS, By
from cases.limits import Budget
from cases.rights import Scope, scope
from cases.vocabulary import SYSTEM, Outcome, Status
from tests.model.life import Change, Look, Turn

MOVERS = frozenset({"paused", "resumed", "objected", "adjudicated", "extension_decided", "adopted"})
"""The events that may move a due time. Whatever else happens to a case, what was promised stays promised."""

_LATE = ("breached", "met_late")
_NOTHING = timedelta(0)


def the_next_event_is_the_next(change: Change) -> None:
    """Sequence numbers have no gaps and time does not run backwards, so that nothing can be taken out (Art. 35)."""
    assert change.event.seq == change.before.case.version + 1 == change.after.case.version


def a_breach_is_never_unmade(change: Change) -> None:
    """Art. 35: what is late stays late, whatever is granted, returned, reopened or adopted afterwards."""
    for deadline, marks in change.before.case.marks.items():
        assert change.after.case.marks[deadline][: len(marks)] == marks, f"{deadline} lost an alarm"
    for deadline, one in change.before.deadlines.items():
        if one.standing in _LATE and not _tied(change, one):
            assert change.after.deadlines[deadline].standing in _LATE, f"the breach of {deadline} was unmade"


def a_deadline_stays_whose_it_is(change: Change) -> None:
    """Art. 14: a deadline keeps its name, its unit and its beginning; its alarms never become another one's."""
    for deadline, one in change.before.deadlines.items():
        if _tied(change, one):
            continue
        after = change.after.deadlines[deadline]
        assert (after.name, after.unit, after.starts_at) == (one.name, one.unit, one.starts_at), f"{deadline} changed"


def an_alarm_is_raised_once(change: Change) -> None:
    """Art. 20: each rung of a deadline is told of once."""
    for deadline, marks in change.after.case.marks.items():
        assert len(set(marks)) == len(marks), f"{deadline} raised an alarm twice: {marks}"


def an_alarm_never_comes_early(change: Change) -> None:
    """Art. 13: nobody is warned, found late or reported upwards before the time that the policy gives."""
    fact = change.event.fact
    if not isinstance(fact, Warned | Breached | Escalated):
        return
    deadline = change.before.deadlines[fact.deadline]
    rung = next(one for one in deadline.rungs if one.mark == fact.mark)
    assert deadline.runs, f"{fact.deadline} had stopped"
    assert not deadline.stands_still, f"{fact.deadline} stood still"
    assert change.event.at >= rung.at
    assert (fact.due_at, fact.unit) == (_utc(deadline.due_at), deadline.unit)


def a_due_time_moves_only_by_a_named_event(change: Change) -> None:
    """Art. 13, 15: the limit on the order stands, unless something in `MOVERS` moves it, for all to see."""
    for deadline, one in change.before.deadlines.items():
        if change.event.fact.type in MOVERS or not one.runs or one.stands_still:
            continue
        after = change.after.deadlines[deadline]
        assert _utc(after.due_at) == _utc(one.due_at), f"{change.event.fact.type} moved {deadline}"


def a_stopped_clock_stays_as_it_was(change: Change) -> None:
    """Art. 32: the figures of what is past do not change any more, under no later rule."""
    for deadline, one in change.before.deadlines.items():
        if one.runs or _tied(change, one):
            continue
        after = change.after.deadlines[deadline]
        assert _utc(after.due_at) == _utc(one.due_at), f"{deadline} had stopped"
        assert after.stopped_at == one.stopped_at


def _tied(change: Change, one: Deadline) -> bool:
    """Whether new terms came in the very instant in which the clock began or stopped: then they may hold for it too."""
    orders = [order.dispatched_at for order in change.after.case.orders if one.id.endswith(f"/{order.index}")]
    return isinstance(change.event.fact, Adopted) and change.event.at in (one.starts_at, one.stopped_at, *orders)


def no_unit_is_pushed_out(change: Change) -> None:
    """Art. 14: a unit gets the order only once no other one holds it."""
    if isinstance(change.event.fact, Dispatched | Joined):
        assert change.before.case.order is None, "an order was given while another unit held one"


def a_designated_unit_keeps_its_order(change: Change) -> None:
    """Art. 14: after a final designation there is no return."""
    if isinstance(change.event.fact, Returned):
        assert not change.before.case.orders[change.event.fact.order - 1].designated


def a_closed_case_has_an_end_and_nothing_that_runs(change: Change) -> None:
    """Art. 23: an end is an end: it has an outcome, and no clock, pause, order or call of a closed case runs on."""
    case = change.after.case
    assert (case.closure is not None) == (case.status is Status.CLOSED)
    if case.closure is None:
        return
    running = [one.id for one in change.after.deadlines.values() if one.runs]
    assert not running, f"closed, but {running} run on"
    assert case.pause is None
    assert not [assist for assist in case.assists if assist.outstanding]
    assert change.after.alarm is None
    assert case.declined is None or case.closure.outcome is not Outcome.ANSWERED


def pauses_are_no_longer_than_the_time_that_passed(change: Change) -> None:
    """Art. 15: pauses do not overlap, and together they never exceed the time since the receipt."""
    at = change.event.at
    total, last = _NOTHING, change.after.case.complaint.received_at
    for pause in change.after.case.pauses:
        ended = pause.ended_at or at
        assert last <= pause.begun_at <= ended <= at, "a pause lies before another one, or after now"
        assert pause.ended_at is None or pause.ended_at <= pause.until, "a pause lasted longer than it may"
        total, last = total + (ended - pause.begun_at), ended
    assert total <= at - change.after.case.complaint.received_at


def no_more_time_is_given_back_than_stood_still(change: Change) -> None:
    """Art. 13: a break moves a due time by its own length at most; for clocks that run around the clock."""
    for one in change.after.deadlines.values():
        if not one.breaks or one.extensions or "working" in one.budget or "day" in one.budget:
            continue
        zone = change.after.case.terms.city_zone
        moved = one.due_at - Budget.parse(one.budget).after(one.starts_at, zone)
        stood = sum(((each.ends - max(each.begins, one.starts_at)) for each in one.breaks), _NOTHING)
        assert _NOTHING <= moved <= stood, f"{one.id} moved by {moved} for {stood}"


CHANGES = (
    the_next_event_is_the_next,
    a_breach_is_never_unmade,
    a_deadline_stays_whose_it_is,
    an_alarm_is_raised_once,
    an_alarm_never_comes_early,
    a_due_time_moves_only_by_a_named_event,
    a_stopped_clock_stays_as_it_was,
    no_unit_is_pushed_out,
    a_designated_unit_keeps_its_order,
    a_closed_case_has_an_end_and_nothing_that_runs,
    pauses_are_no_longer_than_the_time_that_passed,
    no_more_time_is_given_back_than_stood_still,
)


def one_unit_leads(turn: Turn) -> None:
    """Art. 14: an open case is with the desk, or exactly one unit leads it; never neither, never two."""
    case = turn.after.case
    held = [order for order in case.orders if order.ended_at is None]
    assert case.open == (case.status is not Status.CLOSED)
    assert [order.index for order in case.orders] == list(range(1, len(case.orders) + 1))
    if not case.open or case.status is Status.RECEIVED:
        assert not held, f"{held[0].unit} holds an order of a case that is {case.status}"
        return
    assert case.order is not None
    assert held == [case.order]
    assert case.unit == case.order.unit
    assert case.to_desk is None


def every_running_deadline_has_an_alarm(turn: Turn) -> None:
    """Art. 13, 20: nobody has to remember to look: the next alarm is never later than any deadline needs it."""
    look = turn.after
    for one in look.deadlines.values():
        if one.runs and one.stands_still:
            assert _restarts(look), f"{one.id} stands still and nothing sets it going again"
        elif pending := _pending(look, one):
            assert look.alarm is not None
            assert _utc(look.alarm) <= min(pending)


def _pending(look: Look, one: Deadline) -> list[datetime]:
    raised = look.case.marks.get(one.id, ())
    return [_utc(rung.at) for rung in one.rungs if rung.mark not in raised] if one.runs else []


def _utc(moment: datetime) -> datetime:
    """In UTC: two times of one zone are compared as its clocks read, and of the doubled hour those tell only half."""
    return moment.astimezone(UTC)


def _restarts(look: Look) -> bool:
    pause = look.case.pause
    if pause is not None:
        return look.alarm is not None and look.alarm <= pause.until
    return any(one.name == "adjudication" and one.runs for one in look.deadlines.values())


def an_open_case_has_a_running_clock(turn: Turn) -> None:
    """Art. 13: no case lies about without a limit."""
    if turn.after.case.open:
        assert any(one.runs for one in turn.after.deadlines.values()), "nothing presses anybody to go on with the case"


def what_is_past_due_is_late(turn: Turn) -> None:
    """Art. 35: what fell due while nobody looked is raised before anything else is judged."""
    for one in turn.ticked.deadlines.values():
        if one.runs and not one.stands_still:
            assert all(at > turn.now for at in _pending(turn.ticked, one)), f"{one.id} has an alarm that was not raised"
            assert one.due_at > turn.now or one.standing == "breached", f"{one.id} is past due and {one.standing}"


def a_refusal_leaves_no_trace(turn: Turn) -> None:
    """A refused command changes nothing, names its rule, and is refused just so if time was looked at first."""
    if turn.refusal is None:
        return
    assert turn.events == []
    assert turn.after is turn.before
    assert turn.refusal.rule
    assert turn.refusal.detail
    if turn.ticked is turn.before:
        return
    with pytest.raises(RefusalError) as again:
        decide(turn.ticked.case, turn.command, turn.now)
    assert (again.value.rule, again.value.detail) == (turn.refusal.rule, turn.refusal.detail)


def a_command_is_judged_by_the_case_as_time_has_left_it(turn: Turn) -> None:
    """Art. 35: it comes to the same whether the alarms were raised before or together with the command."""
    seen = turn.ticked is turn.before or turn.command.id in turn.before.case.commands
    if seen or turn.refusal is not None:
        return
    apart = decide(turn.ticked.case, turn.command, turn.now)
    assert _caused(turn.events) == apart


def no_command_is_taken_twice(turn: Turn) -> None:
    """Asking again is harmless, and an id stands for one request for ever."""
    if turn.command.id in turn.before.case.commands:
        assert turn.events == []
        return
    causes = {event.cause.id for event in turn.events if event.cause is not None}
    assert causes <= {turn.command.id}
    if not causes:
        return
    assert decide(turn.after.case, turn.command, turn.now) == []
    other = Command(id=turn.command.id, actor=SYSTEM, act=Remark(text="Something else."))
    with pytest.raises(RefusalError) as refused:
        decide(turn.after.case, other, turn.now)
    assert refused.value.rule == "command_id_reused"


def what_is_allowed_is_taken(turn: Turn) -> None:
    """A step that a case offers somebody is never refused as being out of place, and what it takes it has offered."""
    act, actor = turn.command.act, turn.command.actor
    step = STEPS.get(act.type)
    if step is None or step.by is By.ENGINE or turn.command.id in turn.before.case.commands:
        return
    offered = act.type in allowed(turn.ticked.case, actor)
    late = not turn.ticked.case.open and act.type in LATE
    if turn.refusal is None:
        # A delivery may be tried again before it is late; it is offered once it is. What a role may no more, its
        # histories still hold.
        other = act.type == "retry_delivery" or scope(act.type, actor.role) is Scope.PAST
        assert offered or late or other, f"{act.type} was taken and not offered"
    elif offered:
        own = ("not_your_order", "not_your_part") if getattr(act, "assist", None) is None else ()
        wrong = {f"{act.type}_not_now", f"{act.type}_not_provided", *own}
        assert turn.refusal.rule not in wrong, f"{act.type} was offered and refused: {turn.refusal.detail}"
    else:
        assert act.type not in turn.refusal.allowed


TURNS = (
    one_unit_leads,
    every_running_deadline_has_an_alarm,
    an_open_case_has_a_running_clock,
    what_is_past_due_is_late,
    a_refusal_leaves_no_trace,
    a_command_is_judged_by_the_case_as_time_has_left_it,
    no_command_is_taken_twice,
    what_is_allowed_is_taken,
)


def _caused(events: list[Event]) -> list[Event]:
    return [event for event in events if event.cause is not None]
