"""Texts lose whoever brought the case, and anybody's number or mail; nothing else is taken from them (Art. 8, 28)."""

import re
from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from cases import number
from cases.disclosure import (
    scrub,
)
from cases.sealed import ERASED
from cases.vocabulary import Complainant

NAME, PHONE, EMAIL = "欧阳建国", "+86 138 0013 8000", "ouyang.jg@example.org"
PERSON = Complainant(name=NAME, phone=PHONE, email=EMAIL, language="zh")


ROUND_THE_NUMBER = ["{}", "电话{}。", "tel{} now", "({})", "打{}，或", "x {}\ny"]
WAYS_TO_WRITE_IT = [
    "13800138000",
    "138 0013 8000",
    "138-0013-8000",
    "138.0013.8000",
    "1 3 8 0 0 1 3 8 0 0 0",
    "138 – 001 – 38000",
    "+8613800138000",
    "+86 138 0013 8000",
    "(+86) 138 0013 8000",
    "0086-138-0013-8000",
    "86 13800138000",
    "１３８００１３８０００",
    "013800138000",
]


@pytest.mark.parametrize(("around", "number_"), list(product(ROUND_THE_NUMBER, WAYS_TO_WRITE_IT)))
def test_their_number_is_found_however_it_is_written(around: str, number_: str) -> None:
    found = scrub(around.format(number_), PERSON)
    assert "138****8000" in found
    assert "0138" not in re.sub(r"\D", "", found)


@pytest.mark.parametrize("written_", ["010-12345678", "(010) 1234 5678", "1234-5678", "+86 10 12345678"])
def test_a_landline_is_found_with_and_without_its_codes(written_: str) -> None:
    assert scrub(f"call {written_}!", Complainant(phone="010 12345678")).replace("(", "") == "call ****5678!"


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("张三", "我是张三。", "我是张**。"),
        ("张三", "张 三和张三丰", "张**和张**丰"),
        ("欧阳建国", "建国路的欧阳建国", "建国路的欧阳**"),
        ("John Smith", "john  smith here; Smith, John", "J*** S*** here; J*** S***"),
        ("Ann", "Ann's annual announcement, ANN", "A***'s annual announcement, A***"),
        ("李", "李家村有李树", "李家村有李树"),
        (ERASED, f"{ERASED} said", f"{ERASED} said"),
        (r"A\1 (B", r"from A\1 (B", "from A*** B***"),
    ],
)
def test_their_name_is_found_as_a_name(name: str, text: str, left: str) -> None:
    assert scrub(text, Complainant(name=name)) == left


def test_anybodys_numbers_cards_and_mails_are_masked() -> None:
    said = "邻居 13912345678，身份证 11010119900307123X 和 110101199003071234，mail a.b+c@mail.example.com。"
    assert scrub(said) == f"邻居 139****5678，身份证 {'*' * 18} 和 {'*' * 18}，mail a***@mail.example.com。"
    assert scrub("order 13912345678", anybody=False) == "order 13912345678"


def phones() -> st.SearchStrategy[str]:
    return st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)


@given(phones(), st.sampled_from(["", " ", "-"]), st.sampled_from(["", "+86", "+86 ", "0086"]), st.text())
def test_no_mobile_number_comes_through(phone: str, between: str, code: str, around: str) -> None:
    around = "".join(one for one in around if not one.isdigit())
    telling = f"{around}：{code}{phone[:3]}{between}{phone[3:7]}{between}{phone[7:]}，{around}"
    assert phone[3:7] not in re.sub(r"\D", "", scrub(telling)) or phone[3:7] in phone[:3] + phone[7:]


@given(st.text(), st.builds(Complainant, name=st.just(NAME), phone=phones(), email=st.just(EMAIL)))
@example(f"{NAME} 13800138000 {EMAIL} 11010119900307123X", PERSON)
def test_scrubbing_twice_changes_nothing_more(text: str, person: Complainant) -> None:
    once = scrub(f"{text} {person.name} {person.phone} {person.email}", person)
    assert scrub(once, person) == once
    assert NAME not in once
    assert EMAIL not in once


@given(st.text(min_size=1), st.text())
@example("web", "key")
def test_a_case_number_stays(source: str, reference: str) -> None:
    mine = number.derive(source, reference)
    for said in (mine, f"见{mine}。", f"case {mine}, again", mine.replace("-", " ")):
        assert scrub(said, PERSON) == said


@given(st.datetimes(timezones=st.just(UTC)))
def test_dates_and_times_stay(moment: datetime) -> None:
    for said in (
        moment.isoformat(),
        moment.strftime("%Y年%m月%d日 %H:%M"),
        moment.strftime("%Y%m%d %H%M%S"),
        str(moment),
    ):
        assert scrub(said, PERSON) == said


@given(st.integers(min_value=0, max_value=10**12), st.sampled_from(["¥{:,}", "{:,}.50 元", "{}元", "￥{}", "{} yuan"]))
def test_money_stays(amount: int, form: str) -> None:
    assume("," in form or not re.fullmatch(r"1[3-9]\d{9}", str(amount)))  # That may as well be a number to call.
    assert scrub(form.format(amount), PERSON) == form.format(amount)


@given(st.integers(1, 9_999), st.integers(1, 99), st.integers(1, 9_999))
def test_house_numbers_stay(house: int, entrance: int, flat: int) -> None:
    for said in (
        f"建国路 {house} 号 {entrance} 单元 {flat} 室",
        f"建国路{house}号院{entrance}-{flat}",
        f"{house}-{entrance}-{flat}",
    ):
        assert scrub(said, PERSON) == said


@settings(max_examples=50)
@given(st.text(max_size=2_000))
def test_a_long_text_without_anybody_in_it_stays(text: str) -> None:
    plain = re.sub(r"[\d@＠]", "", text).replace(NAME, "")
    assert scrub(plain, PERSON) == plain
