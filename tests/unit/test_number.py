"""Case numbers: the same for the same complaint, and safe to read aloud."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cases import number
from cases.errors import InvalidError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
FORM = re.compile(rf"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}-[{ALPHABET}]")

references = st.text(min_size=1, max_size=60).filter(lambda text: text.isprintable())
numbers = st.builds(number.derive, references, references)
places = st.integers(0, 12)


def respell(plain: str) -> str:
    """Thirteen characters with their hyphens."""
    return f"{plain[:4]}-{plain[4:8]}-{plain[8:12]}-{plain[12]}"


@given(references, references)
def test_a_number_has_the_form_and_stays_the_same(source: str, source_ref: str) -> None:
    derived = number.derive(source, source_ref)
    assert FORM.fullmatch(derived)
    assert number.derive(source, source_ref) == derived
    assert number.parse(derived) == derived


@pytest.mark.parametrize(
    ("source", "source_ref", "expected"),
    [
        ("boston-311", "101000295613", "WJB7-7ZFD-123D-W"),
        ("demo", "demo-001", "7JN0-H0E1-2YX6-W"),
        ("12345", "工单-0001", "FWXF-9JDA-MJ56-S"),
    ],
)
def test_numbers_given_out_never_change(source: str, source_ref: str, expected: str) -> None:
    assert number.derive(source, source_ref) == expected


def test_source_and_reference_are_kept_apart() -> None:
    assert number.derive("ab", "c") != number.derive("a", "bc")


def test_many_references_have_many_numbers() -> None:
    assert len({number.derive("demo", str(n)) for n in range(20_000)}) == 20_000


def test_drawn_numbers_are_numbers_and_differ() -> None:
    drawn = [number.draw() for _ in range(1_000)]
    assert len(set(drawn)) == 1_000
    assert [number.parse(one) for one in drawn] == drawn


@given(numbers, places, st.sampled_from(ALPHABET))
def test_any_single_mistyped_character_is_caught(right: str, place: int, other: str) -> None:
    plain = right.replace("-", "")
    assume(plain[place] != other)
    with pytest.raises(InvalidError, match="mistyped"):
        number.parse(respell(plain[:place] + other + plain[place + 1 :]))


def test_every_single_mistyped_character_of_one_number_is_caught() -> None:
    plain = number.derive("demo", "demo-001").replace("-", "")
    for place, right in enumerate(plain):
        for other in ALPHABET.replace(right, ""):
            with pytest.raises(InvalidError, match="mistyped"):
                number.parse(plain[:place] + other + plain[place + 1 :])


@given(numbers, st.integers(0, 11))
def test_any_two_neighbours_changing_places_are_caught(right: str, place: int) -> None:
    plain = right.replace("-", "")
    assume(plain[place] != plain[place + 1])
    swapped = plain[:place] + plain[place + 1] + plain[place] + plain[place + 2 :]
    with pytest.raises(InvalidError, match="mistyped"):
        number.parse(respell(swapped))


@given(numbers, st.data())
def test_lookalikes_blanks_and_small_letters_are_understood(right: str, data: st.DataObject) -> None:
    def lookalike(character: str) -> str:
        same = {"1": "1iIlL", "0": "0oO", "-": ["-", " ", ""]}.get(character, character + character.lower())
        return data.draw(st.sampled_from(same))

    assert number.parse("".join(map(lookalike, right))) == right


@given(st.text(max_size=40))
def test_any_other_text_is_refused_or_a_number(text: str) -> None:
    try:
        canonical = number.parse(text)
    except InvalidError:
        return
    assert FORM.fullmatch(canonical)


@pytest.mark.parametrize(
    "text", ["", "7K3Q", "ACA7-T1N1-2FNG-H-5", "7K3Q-X2WA-HB4M-*", "7K3Q-X2WA-HB4M-U", "工单", "7K3Q\n"]
)
def test_what_is_no_number_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidError, match="not a case number; one looks like"):
        number.parse(text)
