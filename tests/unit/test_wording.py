"""People are told of everything they are owed, in words of their language, and of nothing that is not theirs."""

import ast
import inspect
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.wording.rendering import Gathered, NoWordsError, Wording, Words
from activities.wording.templates import AUDIENCES, CHANNELS, DIGEST, Place, short, spoken
from cases import effects as owing
from cases.city import City
from cases.effects import effects
from cases.events import Event, Fact
from cases.evolve import evolve
from cases.notice import Notice
from cases.vocabulary import SYSTEM
from hotline.notice_samples import city, samples, stories
from hotline.short_message import segments

CITY = city()
SHIPPED = Wording.load()
LANGUAGES = ("en", "zh")
NOTICES = {language: samples(language, CITY) for language in LANGUAGES}
FACTS = get_args(get_args(Fact)[0])
SHANGHAI = ZoneInfo("Asia/Shanghai")


def has_text(about: str, audience: str) -> bool:
    return all(SHIPPED.texts(Place(language, audience, about, "text")) for language in LANGUAGES)


def sample(about: str, audience: str, language: str = "zh") -> Notice:
    return next(one for one in NOTICES[language] if (one.about, one.audience) == (about, audience))


def over(folder: Path, file: str, content: str) -> Wording:
    """The shipped texts with one file of a city's own over them."""
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return Wording.load([folder])


def rendered(language: str) -> Iterator[tuple[Notice, str, Words]]:
    for one in NOTICES[language]:
        for channel in CHANNELS:
            yield one, channel, SHIPPED.render(one, channel, language, CITY)


def test_every_fact_that_is_told_to_somebody_has_a_sample() -> None:
    told = {fact for fact in FACTS if fact.__name__ in vars(owing)}
    sampled = {type(event.fact) for life in stories("en", CITY) for event in life.events}
    # These two are told to other cases and to systems alone.
    assert {fact.__name__ for fact in told - sampled} == {"DeliveryRetried", "Followed"}


def test_every_event_that_effects_name_has_a_text() -> None:
    calls = [node for node in ast.walk(ast.parse(inspect.getsource(owing))) if isinstance(node, ast.Call)]
    owed = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "_Owed"]
    named = {
        node.value
        for call in owed
        if isinstance(call.args[0], ast.Constant) and call.args[0].value in ("notice", "order")
        for node in ast.walk(call.args[1])
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert len(named) > 30
    assert [one for one in sorted(named) if not any(has_text(one, who) for who in AUDIENCES) and one != "closed_"] == []


def test_whatever_may_happen_to_whatever_case_there_is_a_text_for_everybody_who_is_told() -> None:
    """Every fact of the samples on every state of their cases, whether or not the rules would let it come to that."""
    lives = stories("en", CITY)
    facts = {event.fact.model_dump_json(): event.fact for life in lives for event in life.events}
    told: set[tuple[str, str]] = set()
    for life in lives:
        case = None
        for event in life.events:
            case = evolve(case, event)
            for fact in facts.values():
                try:
                    found = effects(case, Event(seq=case.version, at=event.at, actor=SYSTEM, fact=fact))
                except IndexError:
                    # The fact is of an order or a call that this case has never had.
                    continue
                told |= {(one.about, one.to.partition(":")[0]) for one in found if one.kind == "notice"}
    assert len(told) > 60
    assert {one for one in told if not has_text(*one)} == set()
    shipped = {(table, file) for file in AUDIENCES for table in SHIPPED.layers[-1].tables(file)}
    assert {table for table, _ in shipped} - {about for about, _ in told} == {DIGEST}, "nobody is ever told of these"


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_left_unfilled_or_empty(language: str) -> None:
    for one, _, words in rendered(language):
        assert words.language == language
        assert words.subject
        assert "\n" not in words.subject
        assert words.body
        assert not re.search(r"[{}]|None|\(\)|（）|“”|\"\"", words.subject + words.body), (one.about, words)


def test_chinese_texts_are_chinese() -> None:
    for one, _, words in rendered("zh"):
        assert not re.search(r"[A-Za-z]{3,} [a-z]{2,}", words.subject + words.body), (one.about, words.body)


@pytest.mark.parametrize("language", LANGUAGES)
def test_art_28_nobody_but_the_complainant_reads_what_is_the_complainants(language: str) -> None:
    first = NOTICES[language][0]
    matter = first.change
    assert matter.type == "received"
    assert first.complainant is not None
    theirs = [first.complainant.name, first.complainant.phone, first.location.address]
    for one, channel, words in rendered(language):
        said = words.subject + words.body
        if one.audience != "complainant":
            assert matter.complaint.description not in said, one.about
            assert str(first.subject) not in said, one.about
        if one.audience != "complainant" or channel == "sms":
            assert not [text for text in theirs if text and text in said], (one.about, channel)


@pytest.mark.parametrize("language", LANGUAGES)
def test_complainants_get_short_messages_of_one_part_in_chinese_and_two_at_most_in_english(language: str) -> None:
    for one in NOTICES[language]:
        if one.audience == "complainant":
            body = SHIPPED.render(one, "sms", language, CITY).body
            assert segments(body) <= (1 if language == "zh" else 2), body


def test_art_15_the_complainant_is_told_the_new_date_and_the_units_reason() -> None:
    told = SHIPPED.render(sample("extended", "complainant"), "mail", "zh", CITY).body
    assert "延至9月18日10:00" in told
    assert "灯具需定制" in told


def test_times_are_of_the_citys_zone_and_show_the_year_where_it_is_another() -> None:
    held = sample("on_account", "complainant")
    assert "2027年3月20日18:00" in SHIPPED.render(held, "mail", "zh", CITY).body
    assert "18:00 on 20 March 2027" in SHIPPED.render(held, "mail", "en", CITY).body
    elsewhere = City(CITY.policy.model_copy(update={"zone": "Europe/London"}), CITY.catalogue)
    assert "2027年3月20日10:00" in SHIPPED.render(held, "mail", "zh", elsewhere).body


@pytest.mark.parametrize(
    ("asked", "gets"), [("zh", "zh"), ("zh_CN", "zh"), ("en-GB", "en"), ("fr", "zh"), ("", "zh"), ("../en", "zh")]
)
def test_a_language_that_is_not_there_gives_way_to_the_citys(asked: str, gets: str) -> None:
    assert SHIPPED.render(sample("received", "complainant"), "mail", asked, CITY).language == gets


def test_where_the_citys_language_is_not_there_either_people_are_told_in_english() -> None:
    rules = CITY.policy.notices.model_copy(update={"language": "ko"})
    korean = City(CITY.policy.model_copy(update={"notices": rules}), CITY.catalogue)
    assert SHIPPED.render(sample("received", "complainant"), "mail", "fr", korean).language == "en"


@given(st.lists(st.text(max_size=8), max_size=3))
def test_languages_are_tried_once_each_and_english_at_last(asked: list[str]) -> None:
    tried = list(spoken(*asked))
    assert len(set(tried)) == len(tried)
    assert "en" in tried
    assert "" not in tried


def test_a_text_of_a_city_goes_before_the_shipped_one_and_leaves_the_others(tmp_path: Path) -> None:
    wording = over(tmp_path, "zh/complainant.toml", '[extended]\ntext = "{{ number }}延期了。"\n')
    one = sample("extended", "complainant")
    assert wording.render(one, "mail", "zh", CITY).body == f"{one.case_number}延期了。"
    for channel, language in (("sms", "zh"), ("mail", "en")):
        assert wording.render(one, channel, language, CITY) == SHIPPED.render(one, channel, language, CITY)
    assert wording.render(one, "mail", "zh", CITY).subject == SHIPPED.render(one, "mail", "zh", CITY).subject


def test_a_city_may_add_a_language_of_its_own(tmp_path: Path) -> None:
    over(tmp_path, "ko/words.toml", '[times]\nmoment = "{{ month }}월 {{ day }}일 {{ time }}"\n')
    content = '[extended]\nsubject = "{{ number }}"\ntext = "{{ due }}까지 연장"\n'
    wording = over(tmp_path, "ko/complainant.toml", content)
    words = wording.render(sample("extended", "complainant"), "mail", "ko-KR", CITY)
    assert (words.body, words.language) == ("9월 18일 10:00까지 연장", "ko")
    assert wording.render(sample("received", "complainant"), "mail", "ko", CITY).language == "zh"


@pytest.mark.parametrize(
    "text",
    [
        "{{ numbr }}",
        "{{ change.nothing }}",
        "{% if due %}",
        "{{ number | shrt }}",
        "{{ number.__class__.__mro__ }}",
        "{% include '/etc/passwd' %}",
        "{{ 1 / 0 }}",
        "{{ range(9) }}",
        "   ",
    ],
)
def test_a_text_that_fails_gives_way_to_the_shipped_one_and_is_logged_without_the_case(
    text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wording = over(tmp_path, "zh/complainant.toml", f'[extended]\ntext = "{text}"\n')
    one = sample("extended", "complainant")
    with caplog.at_level(logging.ERROR):
        assert wording.render(one, "mail", "zh", CITY) == SHIPPED.render(one, "mail", "zh", CITY)
    (record,) = caplog.records
    assert one.key in record.getMessage()
    assert "zh/complainant.toml, extended.text" in record.getMessage()
    assert "灯" not in record.getMessage()
    assert record.exc_info is None


def test_a_file_that_cannot_be_read_gives_way_too_and_is_told(tmp_path: Path) -> None:
    wording = over(tmp_path, "zh/complainant.toml", "[extended\n")
    one = sample("extended", "complainant")
    assert wording.render(one, "mail", "zh", CITY) == SHIPPED.render(one, "mail", "zh", CITY)
    (flaw,) = wording.flaws
    assert (flaw.file, flaw.line) == ("zh/complainant.toml", 1)


def test_what_people_write_is_never_taken_for_a_template() -> None:
    one = sample("progress", "complainant")
    assert one.change.type == "progressed"
    trick = one.model_copy(update={"change": one.change.model_copy(update={"note": "{{ address }} <b>"})})
    assert "{{ address }} <b>" in SHIPPED.render(trick, "mail", "zh", CITY).body


def test_a_subject_is_one_line_whatever_it_is_made_of(tmp_path: Path) -> None:
    wording = over(tmp_path, "zh/complainant.toml", '[extended]\nsubject = "a\\r\\nBcc: b {{ subject }}"\n')
    one = sample("extended", "complainant").model_copy(update={"subject": "c\nd"})
    assert wording.render(one, "mail", "zh", CITY).subject == "a Bcc: b c d"


def test_what_a_city_no_longer_has_is_called_by_its_code() -> None:
    one = sample("dispatched", "unit").model_copy(update={"to": "unit:gone", "category": "old/lamps"})
    words = SHIPPED.render(one, "mail", "zh", CITY)
    assert words.body.startswith("gone：")
    assert "old/lamps" in words.body


def test_an_event_nobody_has_words_for_is_told_as_such() -> None:
    one = sample("received", "complainant").model_copy(update={"about": "something_new"})
    with pytest.raises(NoWordsError, match="something_new"):
        SHIPPED.render(one, "mail", "zh", CITY)


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_digest_lists_every_notice_and_says_since_when(audience: str, language: str) -> None:
    items = [Gathered(f"N-{day}", f"subject {day}", datetime(2026, 9, day, 1, tzinfo=UTC)) for day in (3, 1, 2)]
    words = SHIPPED.digest(audience, items, language, SHANGHAI)
    assert "3" in words.subject
    assert [words.body.index(one.subject) for one in items] == sorted(words.body.index(one.subject) for one in items)
    assert {"zh": "9月1日09:00", "en": "09:00 on 1 September"}[language] in words.body
    assert segments(SHIPPED.digest(audience, items[:1] * 40, language, SHANGHAI, "mail").body) > 1


def test_a_digest_by_short_message_does_not_grow_with_what_it_gathers() -> None:
    items = [Gathered("N", "subject", datetime(2026, 9, 1, tzinfo=UTC))] * 50
    for audience in ("complainant", "unit"):
        assert segments(SHIPPED.digest(audience, items, "zh", SHANGHAI, "sms").body) == 1


@given(st.text(), st.integers(1, 50))
def test_what_is_cut_off_is_one_line_of_that_length(text: str, most: int) -> None:
    cut = short(text, most)
    assert len(cut) <= most
    assert "\n" not in cut
    assert cut.endswith(("…", "...")) or most < 3 or cut == " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "parts"),
    [("a" * 160, 1), ("a" * 161, 2), ("a" * 307, 3), ("灯" * 70, 1), ("灯" * 71, 2), ("灯" * 202, 4), ("€" * 80, 1),
     ("€" * 81, 2), ("😀" * 35, 1), ("😀" * 36, 2)],
)  # fmt: skip
def test_parts_of_a_short_message(text: str, parts: int) -> None:
    assert segments(text) == parts
