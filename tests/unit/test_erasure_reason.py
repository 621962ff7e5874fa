"""Why a case was erased stays readable for ever, so it must not tell of whoever is to be forgotten (Art. 8, 28)."""

import pytest

from cases.errors import InvalidError
from cases.vocabulary import Complainant
from records.erasures import check_reason

WANG = Complainant(name="王小明", phone="13912345678", email="wang@example.org")
FEIFEI = Complainant(name="Ouyang Feifei", phone="+44 20 7946 0958")
WORKS = Complainant(name="The Water Works")


@pytest.mark.parametrize("whose", [WANG, FEIFEI, WORKS, Complainant()])
@pytest.mark.parametrize("reason", ["at the person's request of 3 March", "本人申请，3月3日", "court order 4 K 17/26"])
def test_what_tells_of_nobody_is_taken(whose: Complainant, reason: str) -> None:
    check_reason(reason, whose)


@pytest.mark.parametrize(
    ("reason", "whose"),
    [
        ("王小明要求删除", WANG),
        ("小明要求删除", WANG),
        ("asked by Ouyang Feifei", FEIFEI),
        ("Feifei asked", FEIFEI),
        ("asked from +44 20 7946 0958", FEIFEI),
        ("asked from 139 1234 5678", WANG),
        ("asked from 138 8888 1234", Complainant()),
        ("see the mail of wang@example.org", WANG),
        ("see the mail of a.lawyer@example.org", WANG),
    ],
)
def test_what_names_the_person_or_holds_an_address_is_refused(reason: str, whose: Complainant) -> None:
    with pytest.raises(InvalidError, match="at the person's request") as refused:
        check_reason(reason, whose)
    assert refused.value.field == "reason"
    assert reason not in str(refused.value)


@pytest.mark.parametrize("reason", ["", "x" * 501])
def test_there_must_be_one_and_a_short_one(reason: str) -> None:
    with pytest.raises(InvalidError, match="1 to 500 characters"):
        check_reason(reason, Complainant())
