"""How long a case keeps its texts (Art. 8, 28), what an erased one loses, and that nothing is done with it any more."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel, ValidationError

from cases.attachment import Attachment
from cases.commands import Acknowledge, Adjudicate, CallBack, Command, Contact, Remark, Reopen, Report, Return
from cases.decide import allowed, decide
from cases.effects import effects
from cases.erasure import ERASED_CONTENT, TEXTS, blanked, blanked_event, blanked_history
from cases.errors import RefusalError
from cases.events import Event, Fact, Supplemented
from cases.evolve import fold
from cases.limits import Budget, Span
from cases.order_form import order_form
from cases.policy import Policy
from cases.retention import Age, Retention, outlasts
from cases.sealed import ERASED, is_sealed
from cases.vocabulary import Channel, Complainant, Kind, Location, Outcome
from hotline.policies import PolicyError, load
from tests.records.histories import begun
from tests.unit.narrative import DESK, INTAKE, NOON, POLICY, Narrative
from vault.sealing import new_key, seal

BEIJING = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("age", "now", "then"),
    [
        ("3 years", "2029-09-01T12:00+08:00", "2026-09-01T12:00+08:00"),
        ("18 months", "2027-06-15T00:30+08:00", "2025-12-15T00:30+08:00"),
        ("12 months", "2026-12-31T23:00+08:00", "2025-12-31T23:00+08:00"),
        ("1 month", "2026-03-31T08:00+08:00", "2026-02-28T08:00+08:00"),
        ("1 year", "2028-02-29T08:00+08:00", "2027-02-28T08:00+08:00"),
        ("90 days", "2026-05-01T08:00+08:00", "2026-01-31T08:00+08:00"),
    ],
)
def test_an_age_is_counted_by_the_calendar_of_the_city(age: str, now: str, then: str) -> None:
    # The zone of whoever asks makes no difference.
    asked = datetime.fromisoformat(now).astimezone(UTC)
    assert Age.parse(age).before(asked, BEIJING) == datetime.fromisoformat(then)


def test_an_age_keeps_the_time_of_day_where_the_clocks_were_changed() -> None:
    london = ZoneInfo("Europe/London")
    assert Age.parse("6 months").before(datetime(2026, 7, 1, 11, tzinfo=UTC), london) == datetime(
        2026, 1, 1, 12, tzinfo=UTC
    )


@pytest.mark.parametrize("wrong", ["", "3", "0 years", "3y", "101 years", "-1 day", "2 working days", "3 hours"])
def test_what_is_no_age_is_refused_and_says_how_to_write_one(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"'90 days', '18 months' or '3 years'"):
        Age.parse(wrong)


def test_the_longer_of_kind_and_category_counts_and_the_closest_category() -> None:
    rules = Retention(
        default=Age.parse("3 years"),
        kinds={Kind.REPORT: Age.parse("5 years"), Kind.CONSULTATION: Age.parse("90 days")},
        categories={
            "danger": Age.parse("10 years"),
            "danger/fallen-tree": Age.parse("1 year"),
            "property": Age.parse("1 year"),
        },
    )
    found = {
        (kind.value, category): str(rules.of(kind, category))
        for kind in (Kind.COMPLAINT, Kind.REPORT, Kind.CONSULTATION)
        for category in ("streets/litter", "danger/gas-smell", "danger/fallen-tree", "property/fees", "dangerous")
    }
    assert found == {
        ("complaint", "streets/litter"): "3 years",
        ("complaint", "danger/gas-smell"): "10 years",
        ("complaint", "danger/fallen-tree"): "1 year",
        ("complaint", "property/fees"): "1 year",
        ("complaint", "dangerous"): "3 years",
        ("report", "streets/litter"): "5 years",
        ("report", "danger/gas-smell"): "10 years",
        ("report", "danger/fallen-tree"): "5 years",
        ("report", "property/fees"): "5 years",
        ("report", "dangerous"): "5 years",
        ("consultation", "streets/litter"): "90 days",
        ("consultation", "danger/gas-smell"): "10 years",
        ("consultation", "danger/fallen-tree"): "1 year",
        ("consultation", "property/fees"): "1 year",
        ("consultation", "dangerous"): "90 days",
    }


def test_what_nothing_is_said_of_is_kept() -> None:
    rules = Retention(kinds={Kind.REPORT: Age.parse("5 years")})
    assert rules.of(Kind.COMPLAINT, "streets/litter") is None
    assert str(rules.of(Kind.REPORT, "streets/litter")) == "5 years"


def test_a_city_that_says_nothing_keeps_its_cases_and_its_stored_policy_is_the_same() -> None:
    assert POLICY.retention is None
    assert "retention" not in POLICY.model_dump(mode="json", exclude_defaults=True)
    assert Policy.model_validate(POLICY.model_dump(mode="json")) == POLICY


def test_the_shipped_cities_say_how_long() -> None:
    rules = load("beijing").policy.retention
    assert rules is not None
    assert str(rules.of(Kind.COMPLAINT, "streets/litter")) == "3 years"
    assert str(rules.of(Kind.REPORT, "streets/litter")) == "5 years"
    assert str(rules.of(Kind.HELP, "danger/gas-smell")) == "5 years"
    assert load("beijing").policy.faster(60).retention == rules, "the demonstration hastens limits, not this"


@pytest.mark.parametrize(
    ("age", "budget", "so"),
    [
        ("30 days", "30 days", True),
        ("29 days", "30 days", False),
        ("1 month", "30 days", True),
        ("90 days", "30 working days", True),
        ("60 days", "30 working days", False),
        ("1 day", "24 hours", True),
    ],
)
def test_an_age_outlasts_a_budget(age: str, budget: str, so: bool) -> None:
    assert outlasts(Age.parse(age), Budget.parse(budget)) is so


def test_no_case_is_erased_while_it_may_be_opened_again(tmp_path: Path) -> None:
    for file in ("units.csv", "categories.csv", "catalogue.csv"):
        (tmp_path / file).write_text(Path(f"policies/beijing/{file}").read_text("utf-8"), "utf-8")
    text = Path("policies/beijing/policy.toml").read_text("utf-8")
    (tmp_path / "policy.toml").write_text(text.replace('default = "3 years"', 'default = "20 days"'), "utf-8")
    with pytest.raises(PolicyError, match=r"retention.default: 20 days is over before reopening.within, 30 days"):
        load(str(tmp_path))


def test_a_category_that_is_misspelt_is_a_problem_and_not_a_surprise(tmp_path: Path) -> None:
    for file in ("policy.toml", "units.csv", "categories.csv", "catalogue.csv"):
        text = Path(f"policies/beijing/{file}").read_text("utf-8")
        (tmp_path / file).write_text(text.replace('{ danger = "5 years"', '{ dangers = "5 years"'), "utf-8")
    with pytest.raises(PolicyError, match=r"policy.toml.*retention.categories.*no category is 'dangers'"):
        load(str(tmp_path))


def test_a_wrong_age_in_a_policy_names_its_line() -> None:
    given = POLICY.model_dump(mode="json") | {"retention": {"kinds": {"report": "for ever"}}}
    with pytest.raises(ValidationError, match=r"retention\.kinds\.report"):
        Policy.model_validate(given)


CODES = frozenset(
    {
        "about",
        "act",
        "area",
        "case",
        "category",
        "channel",
        "content",
        "copy_to",
        "deadline",
        "ground",
        "id",
        "incident",
        "key",
        "kind",
        "language",
        "lead",
        "line",
        "mark",
        "media_type",
        "number",
        "outcome",
        "proposed",
        "rule",
        "satisfaction",
        "source",
        "source_ref",
        "tell",
        "to",
        "to_desk",
        "type",
        "unit",
        "units",
        "accused",
    }
)
"""Members of facts that hold codes, or what the service itself has written. `source_ref` and `content` an erased case
loses too, in a way of their own."""


def texts_of(kind: Any, name: str = "") -> Iterator[str]:
    """The names of a model's members that hold a text, wherever they lie in it."""
    if get_origin(kind) is Annotated:
        yield from texts_of(get_args(kind)[0], name)
    elif get_origin(kind) in (Union, UnionType, tuple, list):
        for part in get_args(kind):
            yield from texts_of(part, name)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        for field, one in kind.model_fields.items():
            if field not in ("terms", "by"):
                yield from texts_of(one.annotation, field)
    elif isinstance(kind, type) and issubclass(kind, str):
        yield name


def test_every_text_of_a_fact_is_blanked_or_known_to_be_a_code() -> None:
    kinds = get_args(get_args(Fact)[0])
    assert len(kinds) > 40
    unknown = {(kind.__name__, name) for kind in kinds for name in texts_of(kind) if name not in TEXTS | CODES}
    assert not unknown, "a new text of a fact: put it into cases.erasure.TEXTS, or here if nobody writes in it"
    assert not TEXTS & CODES


def lived() -> Narrative:
    story = Narrative()
    story.after(minutes=5).do(Acknowledge(note="taken by Zhang"))
    story.after(minutes=5).do(Contact(note="spoke with Zhang"))
    story.after(hours=2).do(Report(outcome=Outcome.SOLVED, note="Zhang is content"))
    story.after(hours=2).do(CallBack(reached=True, contacted=True, solved=True, note="Zhang says so"), DESK)
    return story


def dumped(event: Event) -> dict[str, Any]:
    return event.model_dump(mode="json")


def test_a_plain_history_loses_its_words_and_nothing_else() -> None:
    story = lived()
    before = [dumped(event) for event in story.events]
    assert "Zhang" in json.dumps(before)
    after = [blanked_event(event) for event in before]
    assert "Zhang" not in json.dumps(after)
    case = fold([Event.model_validate(event) for event in after])
    assert case.erased
    for name in ("status", "closure", "marks", "terms", "version", "unit"):
        if name != "closure":
            assert getattr(case, name) == getattr(story.case, name)
    assert case.closure is not None
    assert story.case.closure is not None
    assert (case.closure.at, case.closure.outcome) == (story.case.closure.at, story.case.closure.outcome)
    assert [blanked_event(event) for event in after] == after, "done again it changes nothing"


def test_what_was_sealed_stays_sealed_and_what_the_service_wrote_beside_it_stays() -> None:
    key = new_key()
    events = begun(
        "1",
        subject="Zhang's flat",
        complainant=Complainant(name="Zhang San", phone="13800138000"),
        location=Location(latitude=39.90873, longitude=116.39748),
        content="0" * 32,
    )
    fact = seal(events[0].fact, key)
    cause = events[0].cause
    assert cause is not None
    cause = cause.model_copy(update={"fingerprint": "f" * 32})
    sealed = [
        events[0].model_copy(update={"fact": fact, "cause": cause}),
        events[1].model_copy(update={"cause": cause}),
    ]
    received, dispatched = (blanked_event(dumped(event)) for event in sealed)
    complaint = received["fact"]["complaint"]
    assert is_sealed(complaint["complainant"]["name"])
    assert complaint["content"] == ERASED_CONTENT
    assert complaint["source_ref"] is None
    assert dispatched == dumped(sealed[1])
    assert dispatched["fact"]["reason"] == "catalogue line 1"


def test_an_old_text_that_a_new_event_repeats_is_blanked_there_too() -> None:
    returns = POLICY.returns.model_copy(update={"adjudicate": Span(within=Budget(4, "hour"))})
    story = Narrative(policy=POLICY.model_copy(update={"returns": returns}))
    story.after(minutes=5).do(Return(reason="Zhang is not ours"))
    story.after(minutes=5).do(Adjudicate(upheld=True, reason="right"), DESK)
    before = [dumped(event) for event in story.events]
    for event in before[-3:]:
        if event["fact"]["type"] == "objected":
            continue
        # The desk's decision came after the upgrade: its own words were sealed at the door.
        event["cause"]["fingerprint"] = "f" * 32
    told = [event["fact"]["reason"] for event in before if event["fact"]["type"] == "returned"]
    assert told == ["Zhang is not ours"]
    after = blanked_history(before)
    assert "Zhang" not in json.dumps(after)
    assert [Event.model_validate(event).fact.type for event in after] == [event["fact"]["type"] for event in before]
    assert blanked_history(after) == after


def test_a_digest_that_anybody_could_guess_at_is_blanked_and_so_are_those_of_files() -> None:
    event = dumped(lived().events[2])
    assert len(event["cause"]["fingerprint"]) == 16
    assert blanked_event(event)["cause"]["fingerprint"] == ERASED_CONTENT
    file = Attachment(id="a" * 26, media_type="image/jpeg", bytes=1, name="zhang.jpg", content="1" * 32)
    fact = Supplemented(channel=Channel.WEB, note="see", attachment=file)
    left = blanked(fact.model_dump(mode="json"))
    assert (left["attachment"]["name"], left["attachment"]["content"]) == (ERASED, ERASED_CONTENT)


def test_an_exact_place_becomes_a_rough_one() -> None:
    events = begun(
        "1", location=Location(area="chaoyang", address="3, Elm Lane", latitude=39.90873, longitude=116.39748)
    )
    place = blanked_event(dumped(events[0]))["fact"]["complaint"]["location"]
    assert (place["area"], place["address"], place["latitude"], place["longitude"]) == (
        "chaoyang",
        ERASED,
        39.91,
        116.4,
    )


def test_a_form_in_a_mailbox_loses_the_same() -> None:
    story = lived()
    case, event = fold(story.events[:2]), story.events[1]
    order = next(one for one in effects(case, event) if one.kind == "order")
    form = order_form(case, event, order).model_dump(mode="json")
    left = blanked(form)
    assert left["description"] == ERASED
    assert left["deadlines"] == form["deadlines"]
    assert set(left) == set(form)


def test_an_erased_case_takes_no_command_whoever_asks_and_also_not_again() -> None:
    story = lived()
    case = fold([Event.model_validate(blanked_event(dumped(event))) for event in story.events])
    known = next(iter(case.commands))
    for number, act in ((known, Reopen(reason="again")), ("new", Reopen(reason="again")), ("note", Remark(text="x"))):
        with pytest.raises(RefusalError, match="was erased") as refusal:
            decide(case, Command(id=number, actor=INTAKE, act=act), NOON + timedelta(days=3))
        assert refusal.value.rule == "erased"
    assert allowed(case) == []
