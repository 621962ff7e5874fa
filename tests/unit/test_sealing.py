"""What is sealed by the key of its case, how it opens again, and what is known again without opening it."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases import sealed
from cases.commands import Acknowledge, Act, Called, Remark, Report, Whistle
from cases.errors import InvalidError
from cases.sealed import ERASED, UNREADABLE
from cases.vocabulary import Channel, Complainant, Complaint, Kind, Location, Outcome
from tests.model.acts import MAKERS
from tests.unit.narrative import working
from vault import keyfile, sealing
from vault.digests import Digests
from vault.keyfile import KeyFile, KeyFileError, Ring
from vault.sealing import DataKey, has_texts, new_key, open_text, open_value, seal

KEY = new_key()
KEYS: dict[str, DataKey | None] = {KEY.id: KEY}
WORDS = "楼上漏水，物业不管。"
AT = datetime(2026, 9, 1, 4, tzinfo=UTC)
CASE = working().case
DIGESTS = Digests(b"k" * 32)

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=60).filter(str.strip)
places = st.builds(
    Location,
    area=st.sampled_from([None, "chaoyang"]),
    address=st.none() | texts,
    latitude=st.none() | st.floats(-90, 90),
    longitude=st.none() | st.floats(-180, 180),
)
complaints = st.builds(
    Complaint,
    source=st.just("web"),
    source_ref=st.none(),
    channel=st.sampled_from(Channel),
    kind=st.sampled_from(Kind),
    category=st.just("roads/pothole"),
    subject=st.none() | texts,
    description=texts,
    location=places,
    complainant=st.builds(
        Complainant, name=st.none() | texts, phone=st.none() | st.just("+86 138 0000 0000"), email=st.just("w@e.org")
    ),
    received_at=st.just(AT),
)


def complaint(**fields: Any) -> Complaint:
    own: dict[str, Any] = {
        "source": "web",
        "channel": "web",
        "kind": "report",
        "category": "roads/pothole",
        "description": WORDS,
        "received_at": AT,
    }
    return Complaint(**(own | fields))


@given(brought=complaints)
def test_a_complaint_opens_to_what_was_sealed(brought: Complaint) -> None:
    kept = seal(brought, KEY)
    assert sealed.is_sealed(kept.description)
    assert open_value(kept, Complaint, KEYS) == brought


@given(data=st.data(), name=st.sampled_from(sorted(MAKERS)))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_an_act_opens_to_what_was_sealed(data: st.DataObject, name: str) -> None:
    act: Act = MAKERS[name](data.draw, CASE, AT)
    kept = seal(act, KEY)
    assert (kept != act) == has_texts(act)
    assert open_value(kept, type(act), KEYS) == act


def test_nothing_of_the_texts_shows_and_twice_the_same_looks_another_way() -> None:
    act = Report(outcome=Outcome.SOLVED, note=WORDS)
    one, other = seal(act, KEY), seal(act, KEY)
    assert WORDS not in repr(one)
    assert one.note != other.note
    assert (one.outcome, one.missing_reason) == (Outcome.SOLVED, "")
    assert KEY.secret.hex() not in repr(KEY)
    assert repr(KEY.secret) not in repr(KEY)


@pytest.mark.parametrize("text", ["字" * 20_000, 'a "quoted" \\ line\nand \u2028 more', "a"])
def test_texts_of_every_kind_and_length_open_exactly(text: str) -> None:
    kept = seal(complaint(description=text), KEY)
    assert Complaint.model_validate_json(kept.model_dump_json()) == kept
    assert open_value(kept, Complaint, KEYS).description == text
    assert open_text(kept.description, KEYS) == text


def test_a_place_is_kept_to_a_kilometre_and_known_exactly_again() -> None:
    exact = Location(area="chaoyang", latitude=39.908723, longitude=116.397499)
    kept = seal(exact, KEY)
    assert (kept.latitude, kept.longitude) == (39.91, 116.4)
    assert "39.9087" not in kept.model_dump_json()
    assert open_value(kept, Location, KEYS) == exact
    for keys in ({}, {KEY.id: None}):
        assert open_value(kept, Location, keys) == exact.model_copy(update={"latitude": 39.91, "longitude": 116.4})


def test_a_sealed_text_within_a_longer_one_is_opened_where_it_stands() -> None:
    note = seal(Remark(text=WORDS), KEY).text
    assert open_text(f"reopened: {note} (order 2)", KEYS) == f"reopened: {WORDS} (order 2)"
    assert open_value({"why": [f"1. {note}", note]}, dict[str, list[str]], KEYS) == {"why": [f"1. {WORDS}", WORDS]}


def test_what_cannot_be_opened_says_why() -> None:
    kept = seal(Remark(text=WORDS), KEY)
    stolen = {KEY.id: DataKey(id=KEY.id, secret=b"x" * 32)}
    for keys, told in (({}, UNREADABLE), ({KEY.id: None}, ERASED), (stolen, UNREADABLE)):
        assert open_value(kept, Remark, keys) == Remark.model_construct(text=told)
    assert sealed.absent([None, "x", ERASED])
    assert not sealed.absent([None, "x"])


def test_a_changed_text_is_not_opened() -> None:
    kept = seal(Remark(text=WORDS), KEY).text
    for place in (40, len(kept) - 4):
        changed = kept[:place] + ("A" if kept[place] != "A" else "B") + kept[place + 1 :]
        assert open_text(changed, KEYS) == UNREADABLE
    other = new_key()
    moved = kept.replace(KEY.id, other.id)
    assert open_text(moved, {other.id: DataKey(id=other.id, secret=KEY.secret)}) == UNREADABLE


@pytest.mark.parametrize(
    "text", [seal(Remark(text="x"), KEY).text, ERASED, UNREADABLE], ids=["sealed", "erased", "unreadable"]
)
def test_what_looks_sealed_is_refused_by_the_name_of_its_field(text: str) -> None:
    calls = (Called(unit="water", task="Measure."), Called(unit="power", task=text))
    for value, field in (
        (complaint(description=text), "description"),
        (complaint(complainant=Complainant(name=text)), "complainant.name"),
        (complaint(location=Location(address=text)), "location.address"),
        (complaint(source_ref=text), "source_ref"),
        (Whistle(calls=calls), "calls.1.task"),
    ):
        for how in (lambda one: seal(one, KEY), has_texts):
            with pytest.raises(InvalidError) as refused:
                how(value)
            assert refused.value.field == field
            assert text not in str(refused.value)


def test_a_token_within_a_text_is_refused_too() -> None:
    token = seal(Remark(text="x"), KEY).text
    with pytest.raises(InvalidError):
        seal(Remark(text=f"See {token} there."), KEY)


def test_what_has_no_texts_stays_the_very_same() -> None:
    act = Acknowledge()
    assert not has_texts(act)
    assert seal(act, KEY) is act
    assert open_value(act, Acknowledge, {}) is act


def test_limits_are_for_the_open_text_alone() -> None:
    longest = Remark(text="字" * 4_000)
    assert len(seal(longest, KEY).text) > 16_000
    with pytest.raises(ValueError, match="4000"):
        Remark(text="字" * 4_001)


def test_one_key_makes_one_digest_and_another_key_another() -> None:
    one = Report(outcome=Outcome.SOLVED, note=WORDS)
    assert DIGESTS.of_act(one) == Digests(b"k" * 32).of_act(Report(outcome=Outcome.SOLVED, note=WORDS))
    others = [
        Digests(b"o" * 32).of_act(one),
        DIGESTS.of_act(one.model_copy(update={"note": "其他"})),
        DIGESTS.of_text("complaint", one.model_dump_json()),
    ]
    assert len({DIGESTS.of_act(one), *others}) == 4
    assert WORDS not in DIGESTS.of_act(one)


def test_when_a_complaint_came_in_is_no_part_of_its_content() -> None:
    later = complaint(received_at=datetime(2026, 9, 2, tzinfo=UTC))
    assert DIGESTS.of_complaint(later) == DIGESTS.of_complaint(complaint())
    for other in (complaint(description="x"), complaint(confidential=True), complaint(accused=("roads",))):
        assert DIGESTS.of_complaint(other) != DIGESTS.of_complaint(complaint())


def test_a_person_is_known_again_however_the_number_is_written() -> None:
    ways = ("+86 138-0000 0001", "13800000001", "0086 (138) 00000001")
    assert len({DIGESTS.of_person(Complainant(phone=phone)) for phone in ways}) == 1
    by_mail = DIGESTS.of_person(Complainant(phone="13800000001", email="Wang@Example.org"))
    assert by_mail[1] == DIGESTS.of_person(Complainant(email="wang@example.org"))[0]
    assert DIGESTS.of_person(Complainant(name="王女士")) == ()


def test_a_ring_turns_and_lets_go_of_what_is_no_more_in_use() -> None:
    ring = Ring.new()
    turned = ring.turned()
    assert turned.current != ring.current
    assert turned.key(ring.current) == ring.in_use
    assert turned.without(ring.current).key(ring.current) is None
    for name in (turned.current, "00000000"):
        with pytest.raises(KeyFileError, match=name):
            turned.without(name)


def test_a_file_of_keys_is_private_and_made_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "keys.json"
    made = keyfile.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert keyfile.create(path) == keyfile.read(path) == made
    other = made.with_ring("payload", made.payload.turned())
    keyfile.replace(path, other)
    assert keyfile.read(path) == other != made
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["keys.json"]


def _cut(path: Path) -> None:
    path.write_text(path.read_text()[:-20])


def _short(path: Path) -> None:
    keys = KeyFile.model_validate_json(path.read_text())
    path.write_text(path.read_text().replace(keys.digest, keys.digest[:8]))


def _strange(path: Path) -> None:
    keys = KeyFile.model_validate_json(path.read_text())
    path.write_text(path.read_text().replace(f'"current": "{keys.master.current}"', '"current": "00000000"'))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda path: path.unlink(), "HOTLINE_KEYS"),
        (lambda path: path.chmod(0o640), "chmod 600"),
        (_cut, "cannot be used: Invalid JSON"),
        (_short, "digest: .* a key has 32"),
        (_strange, "master: .* no key '00000000'"),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="the rights of files are POSIX's")
def test_a_file_that_cannot_be_used_is_told_without_its_keys(
    tmp_path: Path, spoil: Callable[[Path], None], says: str
) -> None:
    path = tmp_path / "keys.json"
    keys = keyfile.create(path)
    spoil(path)
    with pytest.raises(KeyFileError, match=says) as refused:
        keyfile.read(path)
    secrets = [keys.digest, keys.digest[:8], *keys.master.keys.values()]
    assert not [one for one in secrets if one in str(refused.value)]


def test_keys_cannot_be_written_where_nothing_can(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KeyFileError, match="cannot be written"):
        keyfile.create(tmp_path / "file" / "keys.json")


def test_what_is_locked_opens_under_its_own_name_alone() -> None:
    locked = sealing.lock(KEY.secret, b"content", b"one")
    assert sealing.unlock(KEY.secret, locked, b"one") == b"content"
    with pytest.raises(InvalidTag):
        sealing.unlock(KEY.secret, locked, b"another")
