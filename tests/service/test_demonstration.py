"""The demonstration's units and samples."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from activities.messages import OrderForm
from cases.deadlines import Standing
from cases.view import DeadlineView
from cases.vocabulary import Kind, Location
from hotline.demonstration import conduct
from hotline.demonstration.complaints import samples
from hotline.demonstration.conduct import Manner
from hotline.policies import load

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def order(number: int, index: int = 1) -> OrderForm:
    limits = {"acknowledgment": 120, "handling": 1440, "resolution": 10_080}
    deadlines = [
        DeadlineView(
            name=name, id=f"{name}/1", unit="water", due_at=AT + timedelta(seconds=limit), standing=Standing.RUNNING
        )
        for name, limit in limits.items()
    ]
    return OrderForm(
        about="dispatched",
        key="key",
        case_number=f"case-{number}",
        order=index,
        unit="water",
        level="general",
        category="water",
        kind=Kind.HELP,
        subject=None,
        description="No water.",
        location=Location(),
        received_at=AT,
        dispatched_at=AT,
        deadlines=tuple(deadlines),
    )


def test_most_orders_are_handled_in_time_and_some_are_not() -> None:
    manners = Counter(conduct.manner(f"case-{number}", 1) for number in range(2000))
    assert set(manners) == set(Manner)
    handled = Manner.PROMPT, Manner.CALLING, Manner.WAITING, Manner.ASKING
    assert sum(manners[one] for one in handled) > 1400


def test_the_same_order_always_meets_the_same_unit() -> None:
    assert [conduct.steps(order(number)) for number in range(50)] == [conduct.steps(order(n)) for n in range(50)]


def test_prompt_units_keep_every_limit_and_late_ones_do_not() -> None:
    due = {"acknowledge": "acknowledgment", "contact": "handling", "report": "resolution"}
    for number in range(200):
        limits = {one.name: one.due_at for one in order(number).deadlines}
        late = [step.act for step in conduct.steps(order(number)) if limits[due.get(step.act, "resolution")] < step.at]
        manner = conduct.manner(f"case-{number}", 1)
        assert bool(late) == (manner is Manner.LATE), (manner, late)


def test_units_call_others_in_wait_and_ask_for_time_before_they_report() -> None:
    found: dict[str, list[str]] = {}
    for number in range(300):
        steps = conduct.steps(order(number), ["power", "parks"])
        found.setdefault(conduct.manner(f"case-{number}", 1), [step.act for step in steps])
    assert found[Manner.CALLING] == ["acknowledge", "contact", "whistle", "report"]
    assert found[Manner.WAITING] == ["acknowledge", "contact", "wait", "resume", "report"]
    assert found[Manner.ASKING] == ["acknowledge", "contact", "extension", "report"]


def test_a_unit_that_is_called_in_comes_or_refuses() -> None:
    called = [order(number).model_copy(update={"assist": 2, "about": "assist"}) for number in range(60)]
    acts = {tuple(step.act.format(one.assist) for step in conduct.steps(one)) for one in called}
    assert acts == {("assists/2/acknowledge", "assists/2/report"), ("assists/2/refuse",)}


def test_a_second_order_is_never_returned() -> None:
    assert all(step.act != "return" for number in range(500) for step in conduct.steps(order(number, 2)))


def test_some_consultations_are_answered_at_once_and_nothing_else_is() -> None:
    answered = [one for one in samples() if "triage" in one]
    assert {one["kind"] for one in answered} == {"consultation"}
    assert len(answered) < sum(one["kind"] == "consultation" for one in samples())


def test_the_samples_are_matters_that_the_default_policy_knows() -> None:
    categories = load("beijing").catalogue.categories
    found = samples()
    assert len({(one["source"], one["source_ref"]) for one in found}) == len(found) == 60
    assert {one["category"] for one in found} <= set(categories)
    assert {categories[one["category"]].level for one in found} == {"emergency", "utility", "general", "complex"}
