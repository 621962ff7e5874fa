"""How likely two complaints are one matter."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.likeness import SCALE, Likeness, Matter, Scale, distance, same_person, score
from cases.vocabulary import Complainant, Location
from records.wording import address_likeness, text_likeness
from tests.unit.narrative import NOON

HERE = Location(area="chaoyang", address="样例路 12 号", latitude=39.9, longitude=116.4)

LETTERS = [
    "幸福里小区3号楼从昨天夜里开始停水，老人孩子都没有水喝，请尽快恢复供水。",
    "我们幸福里小区停水一天了，物业说不知道原因，请问什么时候能恢复？",
    "枫林花园旁边的工地夜里十二点还在打桩，吵得孩子睡不着觉。",
    "公园西门的路灯坏了三盏，晚上走路看不见。",
    "小区停车费涨到每月六百元，物业没有征求业主意见。",
    "204 路公交车早高峰等了四十分钟都不来。",
]
ENGLISH = [
    "No water in the whole of Larch House since six this morning, the taps are dry.",
    "Larch House has been without water since this morning. When will it be back?",
    "The building site behind the library hammers until after midnight.",
    "Three street lights are out at the west gate of the park.",
    "The parking fee was raised without asking the residents.",
    "We waited forty minutes for the bus to the station this morning.",
]


def matter(at: datetime = NOON, **fields: Any) -> Matter:
    return Matter(**({"category": "utilities/water-outage", "received_at": at} | fields))


def north(metres: float) -> Location:
    """A place so far from `HERE`, in the same area, without an address."""
    return Location(area="chaoyang", latitude=39.9 + metres / 111_195, longitude=116.4)


def by(new: Matter, earlier: Matter, **alike: float) -> float:
    return score(new, earlier, Likeness(**alike)).score


def signs(new: Matter, earlier: Matter, **alike: float) -> dict[str, float | None]:
    return {why.sign: why.value for why in score(new, earlier, Likeness(**alike)).reasons}


def test_the_same_in_everything_is_certain() -> None:
    assert by(matter(location=HERE), matter(location=HERE), text=1.0) == 1.0


def test_nothing_in_common_is_nothing() -> None:
    far = Location(area="haidian", latitude=40.0, longitude=116.0)
    earlier = matter(NOON - timedelta(days=60), category="noise/night-construction", location=far)
    assert by(matter(location=HERE), earlier, text=SCALE.text_from) == 0.0


def test_each_reason_has_its_figure_and_its_words() -> None:
    told = score(
        matter(location=HERE), matter(NOON - timedelta(days=3), location=north(120)), Likeness(text=0.83)
    ).reasons
    assert {why.sign: why.value for why in told} == {"category": None, "distance": 120, "days": 3, "wording": 0.83}
    assert [why.told for why in told] == ["the same category", "120 metres apart", "3 days before", "likeness 0.83"]


def test_a_neighbour_of_these_days_is_suggested_without_any_words() -> None:
    assert by(matter(location=HERE), matter(NOON - timedelta(days=3), location=north(200))) >= SCALE.least


def test_the_same_area_alone_is_not_enough_until_the_words_are_alike() -> None:
    new, earlier = matter(location=Location(area="chaoyang")), matter(location=Location(area="chaoyang"))
    assert by(new, earlier) < SCALE.least <= by(new, earlier, text=0.3)
    assert "area" in signs(new, earlier)


def test_without_coordinates_the_address_tells_the_place() -> None:
    new = matter(location=Location(address="样例路 12 号"))
    earlier = matter(location=Location(address="朝阳区样例路12号"))
    assert signs(new, earlier, address=0.9)["address"] == 0.9
    assert "address" not in signs(new, earlier, address=SCALE.address_from - 0.01)


def test_far_apart_by_coordinates_no_common_area_helps() -> None:
    assert not {"area", "distance"} & set(signs(matter(location=HERE), matter(location=north(501))))


def test_a_wider_reach_finds_what_lies_further() -> None:
    new, earlier = matter(location=HERE), matter(NOON - timedelta(days=40), location=north(900))
    wide = score(new, earlier, Likeness(), Scale(metres=5_000, days=90))
    assert wide.score > score(new, earlier, Likeness()).score
    assert "distance" in {why.sign for why in wide.reasons}


@given(st.floats(0, 1_000), st.floats(0, 1_000), st.floats(0, 40), st.floats(0, 40), st.floats(0, 1), st.floats(0, 1))
def test_nearer_sooner_and_more_alike_never_scores_less(
    metres: float, more: float, days: float, longer: float, text: float, less: float
) -> None:
    near = matter(NOON - timedelta(days=days), location=north(metres))
    far = matter(NOON - timedelta(days=days + longer), location=north(metres + more))
    here = matter(location=HERE)
    assert 0 <= by(here, far, text=text * less) <= by(here, near, text=text) <= 1


@pytest.mark.parametrize(
    ("phone", "other", "same"),
    [
        ("+86 138 0000 0001", "13800000001", True),
        ("010-6512-3456", "+86 10 6512 3456", True),
        ("0086 13800000001", "13800000001", True),
        ("13800000001", "13800000002", False),
        ("65123456", "010 6512 3456", False),
        ("00000000000", "00000000000", False),
        ("12345", "12345", False),
    ],
)
def test_telephone_numbers_are_compared_by_their_digits(phone: str, other: str, same: bool) -> None:
    found = same_person(matter(complainant=Complainant(phone=phone)), matter(complainant=Complainant(phone=other)))
    assert (found is not None) == same
    assert found is None or found.sign == "phone"


def test_the_same_person_by_mail_or_by_name_and_address() -> None:
    mail = [matter(complainant=Complainant(email=one)) for one in ("Wang@example.org", "wang@EXAMPLE.org")]
    assert score(mail[0], mail[1], Likeness()).kind == "repeat"
    place = [Location(address=one) for one in ("样例路 12 号", "样例路１２号")]
    named = [matter(complainant=Complainant(name="王女士"), location=one) for one in place]
    assert score(named[0], named[1], Likeness()).kind == "repeat"
    nameless = [matter(location=one) for one in place]
    assert score(nameless[0], nameless[1], Likeness()).kind == "incident"
    homeless = [matter(complainant=Complainant(name="王女士"))] * 2
    assert score(homeless[0], homeless[1], Likeness()).kind == "incident"


def test_the_same_person_raises_the_score_but_another_matter_of_theirs_is_none() -> None:
    caller = Complainant(phone="13800000001")
    new = matter(complainant=caller, location=HERE)
    assert by(new, matter(complainant=caller)) > by(new, matter())
    other = matter(complainant=caller, category="noise/night-construction")
    assert by(new, other) < SCALE.least


def test_no_reason_tells_who_the_other_is() -> None:
    other = Complainant(name="王女士", phone="13800000001", email="wang@example.org")
    told = score(matter(complainant=other, location=HERE), matter(complainant=other, location=HERE), Likeness(text=1))
    shown = told.model_dump_json()
    assert not [secret for secret in ("王女士", "13800000001", "wang", "12 号") if secret in shown]


def test_distance_needs_coordinates_on_both_sides() -> None:
    assert distance(HERE, north(300)) == pytest.approx(300, abs=1)
    assert distance(HERE, Location(area="chaoyang")) is None
    assert distance(Location(latitude=0, longitude=179.999), Location(latitude=0, longitude=-179.999)) == pytest.approx(
        222, abs=1
    )


@pytest.mark.parametrize("letters", [LETTERS, ENGLISH], ids=["Chinese", "English"])
def test_the_same_matter_is_more_alike_than_any_other(letters: list[str]) -> None:
    same, *others = text_likeness(letters[0], letters[1:])
    assert same > SCALE.text_from + 0.1
    assert max(others) < 0.75 * same


def test_likeness_of_texts_has_its_ends() -> None:
    assert text_likeness("停水", ["停水。", "停电", "", "??"]) == pytest.approx([1, 0, 0, 0])
    assert text_likeness("", ["停水"]) == [0]
    assert text_likeness("停水", []) == []


def test_what_every_complaint_says_counts_little() -> None:
    places = ("松江里", "海棠苑", "芳草园", "丹桂巷", "碧水湾", "清河湾", "明月坊", "长乐居")
    crowd = [f"我要投诉工地夜间施工噪音扰民，地点{place}" for place in places]
    alike = text_likeness("投诉丹桂巷工地噪音", crowd)
    here = alike.pop(3)
    assert here > 2 * max(alike)


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
def test_any_texts_are_alike_by_a_share(texts: list[str]) -> None:
    assert all(0 <= share <= 1 for share in text_likeness(texts[0], texts))
    assert all(0 <= address_likeness(texts[0], other) <= 1 for other in texts)


@pytest.mark.parametrize(
    ("address", "other", "same"),
    [
        ("样例路 88 号", "北京市朝阳区样例路88号院3号楼", True),
        ("样例路 88 号", "样例路 8 号", False),
        ("样例路 88 号", "示范路 88 号", False),
        ("12 Maple Street", "12 Mapel Street, rear", True),
        ("12 Maple Street", "12 Oak Street", False),
        ("12 Maple Street", None, False),
    ],
)
def test_addresses_are_alike_despite_slips_but_not_across_house_numbers(
    address: str, other: str | None, same: bool
) -> None:
    assert (address_likeness(address, other) >= SCALE.address_from) == same
