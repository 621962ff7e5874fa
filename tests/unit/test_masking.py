"""Names, numbers and addresses of mail are found in a text however people write them (Art. 8, 28)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import number
from cases.errors import InvalidError
from cases.folded import Folded, Span, fold
from cases.masking import masked_name, masked_phone, scrub
from cases.vocabulary import Complainant


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("王建国先生", "我是王建国，王建国先生", "我是王**，王**先生"),
        ("王建国 先生", "王建国来电", "王**来电"),
        ("王建国（户主）", "我是王建国。", "我是王**。"),
        ("王建国/李小红", "王建国和李小红", "王**和李**"),
        ("王建国、李小红", "李小红代王建国", "李**代王**"),
        ("王建国和李小红", "李小红，王建国", "李**，王**"),
        ("王和平", "王和平", "王**"),
        ("王女士", "王女士，王小姐", "王**，王小姐"),
        ("张三丰", "张·三丰 张-三丰 张 三 丰 张\u200b三丰 张三\u200b丰！", "张** 张** 张** 张** 张**！"),
        ("张三", "老张，三楼的", "老张，三楼的"),
        ("阿卜杜拉·买买提", "阿卜杜拉·买买提 阿卜杜拉买买提", "阿** 阿**"),
        ("John Paul Smith", "John Smith, John P. Smith; Smith, John", "J*** S***, J*** S***; J*** S***"),
        ("Smith, John", "John Smith", "J*** S***"),
        ("John Smith, Mary Jones", "Mary Jones for John Smith", "M*** J*** for J*** S***"),
        ("John Smith and Mary Jones", "Mary Jones for John Smith", "M*** J*** for J*** S***"),
        ("Dr. Anna Karenina", "Anna Karenina", "A*** K***"),
        ("Nguyen Van An", "Nguyễn Văn An; Nguyễn Văn An.", "N*** A***; N*** A***."),
        ("Nguyễn Văn An", "Nguyen Van An", "N*** A***"),
        ("José García", "Jose Garcia, José García", "J*** G***, J*** G***"),
        ("ＪＯＨＮ ＤＯＥ", "John Doe", "J*** D***"),
        ("John Doe", "ＪＯＨＮ　ＤＯＥ", "J*** D***"),
        ("Łukasz Żółć", "Lukasz Zolc", "L*** Z***"),
        ("김철수", "김철수입니다", "김***입니다"),
    ],
)
def test_a_name_is_found_however_it_was_left_and_is_written(name: str, text: str, left: str) -> None:
    assert scrub(text, Complainant(name=name)) == left


@pytest.mark.parametrize(
    ("name", "mask"),
    [
        ("王建国/李小红", "王**/李**"),
        ("欧阳建国（户主）", "欧阳**"),
        ("Dr. Anna Karenina", "A*** K***"),
        ("Smith, John", "J*** S***"),
        ("（）", "***"),
    ],
)
def test_a_mask_tells_no_title_and_no_remark(name: str, mask: str) -> None:
    assert masked_name(name) == mask


@pytest.mark.parametrize(
    "written",
    [
        "01065123456",
        "65123456",
        "010-65123456",
        "010-65123456-801",
        "010-65123456转801",
        "6512 3456 ext. 801",
        "01065123456801",
        "+86 10 6512 3456",
    ],
)
def test_a_number_with_an_extension_is_found_without_it_too(written: str) -> None:
    assert scrub(f"打{written}。", Complainant(phone="010-65123456-801")) == "打****3456。"
    assert masked_phone("010-65123456-801") == "****3456"


SEPARATED = [
    "139,1234,5678",
    "139、1234、5678",
    "139~1234~5678",
    "139*1234*5678",
    "139:1234:5678",
    "139  1234  5678",
    "139 12 34 56 78",
    "①③⑨①②③④⑤⑥⑦⑧",
    "١٣٩١٢٣٤٥٦٧٨",
    "139－1234－5678",
    "139\u200b1234\u200b5678",
    "139\n1234\n5678",
    "(139)12345678",
    "1391 2345 678",
]


@pytest.mark.parametrize("written", SEPARATED)
@pytest.mark.parametrize("whose", [Complainant(phone="139 1234 5678"), Complainant(), None])
def test_a_mobile_number_is_found_however_it_is_written(written: str, whose: Complainant | None) -> None:
    assert scrub(f"打{written}。", whose).replace("(", "") == "打139****5678。"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("13800138000,13900139000", "138****8000,139****9000"),
        ("13800138000.13900139000", "138****8000.139****9000"),
        ("13800138000 13900139000", "138****8000 139****9000"),
        ("13800138000元", "138****8000元"),
        ("¥13800138000", "¥138****8000"),
        ("13800138000.5", "138****8000.5"),
        ("13812349999.2楼", "138****9999.2楼"),
        ("138.0013.8000", "138****8000"),
        ("138—0013—8000", "138****8000"),
        ("138/0013/8000", "138****8000"),
        ("138  0013  8000", "138****8000"),
        ("1 3 8 0 0 1 3 8 0 0 0", "138****8000"),
        ("+86 138-001-38000 or 0086 13800138000", "138****8000 or 138****8000"),
    ],
)
def test_anybodys_mobile_number_is_masked_whatever_stands_around(text: str, left: str) -> None:
    assert scrub(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "¥13,800,138,000",
        "138001380001",
        "1999-12-31 23:59:59",
        "费用15000-20000元",
        "138****8000",
        "北纬39.908，东经116.473",
    ],
)
def test_other_figures_stay(text: str) -> None:
    assert scrub(text) == text


@pytest.mark.parametrize(
    ("phone", "text", "left"),
    [
        ("12345", "打12345，编号2012345、12345.6、¥12345", "打****，编号2012345、12345.6、¥12345"),
        ("651234", "651234 rang", "**** rang"),
        ("110", "110", "110"),
    ],
)
def test_a_short_number_that_is_theirs_counts_as_a_word(phone: str, text: str, left: str) -> None:
    assert scrub(text, Complainant(phone=phone)) == left


def test_of_two_numbers_each_is_found() -> None:
    both = Complainant(phone="010-65123456/62345678")
    assert scrub("65123456 或 6234-5678", both) == "****3456 或 ****"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a@例子.cn", "a***@例子.cn"),
        ("张三@例子.中国。", "张***@例子.中国。"),
        ("发zhoujie＠zhoujie．cn", "发z***@zhoujie.cn"),
        ("a@b.cn你好", "a***@b.cn你好"),
        ("@张三 你好", "@张三 你好"),
        ("证件110101-1990-0307-1234", f"证件{'*' * 18}"),
        ("110101 19900307 123Ｘ", "*" * 18),
    ],
)
def test_anybodys_mail_and_card_are_masked_however_they_are_written(text: str, left: str) -> None:
    assert scrub(text) == left


def test_what_takes_no_room_stays_where_nobody_is_named() -> None:
    said = "e\u0301①\u200b好⑩ ﬁn 13800138000 e\u0301①\u200b好⑩ ﬁn"
    assert scrub(said) == said.replace("13800138000", "138****8000")


def test_a_mask_takes_the_marks_on_its_last_letter_with_it() -> None:
    found = Folded("Jose\u0301!").put(lambda plain: [Span(0, plain.index("!"), "J***")])
    assert found.text == "J***!"


def test_a_case_number_that_holds_a_mobile_number_stays() -> None:
    def valid(text: str) -> bool:
        try:
            return number.parse(text) == text
        except InvalidError:
            return False

    (mine,) = [one for symbol in "0123456789ABCDEFGHJKMNPQRSTVWXYZ" if valid(one := f"X139-1234-5678-{symbol}")]
    assert scrub(f"见{mine}。") == f"见{mine}。"
    other = f"{mine[:-1]}{'A' if mine[-1] != 'A' else 'B'}"
    assert scrub(other) != other


PERSON = Complainant(name="张三丰", phone="010-65123456-801", email="zsf@example.org")
MIXED = st.text(alphabet="1368 0-*,./:+()a@é①\u200b\u0301张三丰转56243\n", max_size=60)


@given(MIXED, MIXED)
def test_to_scrub_again_changes_nothing_whatever_stands_around(before: str, after: str) -> None:
    said = f"{before}，张三丰 65123456，{after}"
    once = scrub(said, PERSON)
    assert scrub(once, PERSON) == once
    assert "65123456" not in once


@given(st.lists(st.sampled_from(["", " ", "-", "、", "，", ":", "\u200b", " - ", "."]), min_size=10, max_size=10))
def test_their_own_number_is_found_with_anything_between_its_digits(between: list[str]) -> None:
    digits = "13912345678"
    said = digits[0] + "".join(gap + one for gap, one in zip(between, digits[1:], strict=True))
    assert scrub(f"打{said}。", Complainant(phone=digits)) == "打139****5678。"


@given(st.text())
def test_a_folded_text_is_as_plain_as_it_gets(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert not re.search(r"[\u200b\u0301\uff10-\uff19]", fold(text))
