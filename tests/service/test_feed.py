"""`hotline feed` against a real HTTP server."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hotline.errors import NotRunningError, UsageError
from hotline.feed import feeding
from hotline.feed.progress import Done
from tests.service.intake import KEY, Intake

MAPPING = """
[fields]
source = { constant = "paper" }
source_ref = { column = "id" }
category = { column = "type", slug = true }
channel = { column = "via", values = { "Call" = "phone" }, otherwise = "letter" }
description = { columns = ["title", "text"], join = ": " }
received_at = { column = "opened", time = "%d.%m.%Y %H:%M", zone = "America/New_York" }
"location.latitude" = { column = "lat", number = true }
"""
HEADING = b"id,type,via,title,text,opened,lat\n"


@pytest.fixture
def intake() -> Iterator[Intake]:
    with Intake().running() as running:
        yield running


class Desk:
    """Somebody who feeds files."""

    def __init__(self, folder: Path, intake: Intake) -> None:
        self.folder = folder
        self.intake = intake
        self.rejects = folder / "rejects.jsonl"
        (folder / "mapping.toml").write_text(MAPPING)

    def write(self, *lines: bytes, name: str = "file.csv") -> Path:
        path = self.folder / name
        path.write_bytes(HEADING + b"".join(line + b"\n" for line in lines))
        return path

    def feed(self, file: Path, **more: Any) -> Done:
        order = {"mapping": str(self.folder / "mapping.toml"), "api": self.intake.address, "key": KEY} | more
        return feeding.run(feeding.Order(file=file, rejects=self.rejects, **order), self.folder / "state")

    def rejected(self) -> list[tuple[int, str]]:
        if not self.rejects.exists():
            return []
        found = [json.loads(line) for line in self.rejects.read_text().splitlines()]
        return sorted((one["line"], one["reason"]) for one in found)


@pytest.fixture
def desk(tmp_path: Path, intake: Intake) -> Desk:
    return Desk(tmp_path, intake)


def row(number: int, *, kind: str = "Street Light / Outages") -> bytes:
    return f"{number},{kind},Call,Dark,No light,05.07.2011 18:30,42.25".encode()


def test_columns_become_fields(desk: Desk) -> None:
    done = desk.feed(desk.write(row(1), "2,Trees,Fax,,只有一行,,".encode()))
    assert (done.created, done.repeated, done.rejected) == (2, 0, 0)
    assert desk.intake.cases["1"] == {
        "source": "paper",
        "source_ref": "1",
        "category": "street-light-outages",
        "channel": "phone",
        "description": "Dark: No light",
        "received_at": "2011-07-05T18:30:00-04:00",
        "location": {"latitude": 42.25},
    }
    assert desk.intake.cases["2"] == {
        "source": "paper",
        "source_ref": "2",
        "category": "trees",
        "channel": "letter",
        "description": "只有一行",
    }


def test_a_compressed_file_is_read_as_it_is(desk: Desk) -> None:
    plain = desk.write(row(1), row(2))
    packed = desk.folder / "file.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert desk.feed(packed).created == 2


def test_every_bad_row_is_told_with_line_and_reason_and_the_rest_goes_on(desk: Desk) -> None:
    done = desk.feed(
        desk.write(
            row(1),
            b"2,too,few",
            b'3,Trees,Call,"two\nlines",text,05.07.2011 18:30,1.5',
            b"4,Trees,Call,Caf\xe9,text,05.07.2011 18:30,1.5",
            b"5,Trees,Call,title,text,yesterday,1.5",
            b"6,Trees,Call,title,text,05.07.2011 18:30,north",
            row(7, kind="Unheard of"),
            b'8,"Trees"?,Call,title,text,05.07.2011 18:30,1.5',
            row(9),
        )
    )
    assert desk.rejected() == [
        (3, "has 3 columns where the heading has 7"),
        (6, "column 'title' is not UTF-8: byte 0xe9 at character 4"),
        (7, "column 'opened' holds 'yesterday', which is no time like %d.%m.%Y %H:%M"),
        (8, "column 'lat' holds 'north', which is no number"),
        (9, "category: there is no category 'unheard-of'"),
        (10, "unreadable CSV: ',' expected after '\"'"),
    ]
    assert set(desk.intake.cases) == {"1", "3", "9"}
    assert (done.created, done.rejected) == (3, 6)


def test_json_lines_need_no_mapping(desk: Desk) -> None:
    file = desk.folder / "file.jsonl"
    file.write_bytes(b'{"source_ref": "1"}\n\n{"source_ref": \n["2"]\n{"description": "\xff"}\n{"source_ref": "5"}\n')
    desk.feed(file, mapping=None)
    assert set(desk.intake.cases) == {"1", "5"}
    assert desk.rejected() == [
        (3, "is no JSON: Expecting value at character 17"),
        (4, "is no JSON object; a complaint is one, with the fields of POST /v1/cases"),
        (5, "is not UTF-8: byte 0xff at byte 18"),
    ]


def test_it_goes_on_where_it_stopped(desk: Desk) -> None:
    file = desk.write(*(row(number) for number in range(50)), b"bad")
    first = desk.feed(file, limit=20)
    assert (first.created, desk.intake.posts) == (20, 20)
    second = desk.feed(file)
    assert (second.created, second.repeated, desk.intake.posts) == (50, 0, 50)
    assert len(desk.rejected()) == 1
    third = desk.feed(file)
    assert (third.rows, desk.intake.posts) == (51, 50)
    assert len(desk.rejected()) == 1


def test_what_a_kill_has_lost_is_found_to_be_there(desk: Desk) -> None:
    file = desk.write(*(row(number) for number in range(10)), b"bad")
    desk.feed(file)
    (progress,) = (desk.folder / "state" / "feeds").glob("*.json")
    progress.write_text(Done(through=4, beyond={6, 9}, created=6).model_dump_json())
    done = desk.feed(file)
    assert (done.created, done.repeated, done.rows) == (6, 4, 11)
    assert len(desk.intake.cases) == 10
    assert len(desk.rejected()) == 1


def test_from_the_beginning_on_request(desk: Desk) -> None:
    file = desk.write(row(1), b"bad")
    desk.feed(file)
    done = desk.feed(file, restart=True)
    assert (done.created, done.repeated, desk.intake.posts) == (0, 1, 2)
    assert len(desk.rejected()) == 1


def test_another_content_is_another_feed(desk: Desk) -> None:
    desk.feed(desk.write(row(1)))
    assert desk.feed(desk.write(row(1), row(2))).repeated == 1


def test_a_service_that_is_away_for_a_moment_is_waited_for(desk: Desk) -> None:
    desk.intake.failures = [503, 429, 500, 502]
    done = desk.feed(desk.write(*(row(number) for number in range(5))))
    assert (done.created, done.rejected) == (5, 0)


def test_a_service_that_stays_away_ends_the_feed_and_loses_nothing(desk: Desk) -> None:
    file = desk.write(row(1))
    with pytest.raises(NotRunningError, match=r"http://127\.0\.0\.1:1/? does not answer"):
        desk.feed(file, api="http://127.0.0.1:1", patience=0.5)
    assert desk.feed(file).created == 1


def test_a_wrong_key_ends_the_feed_instead_of_rejecting_every_row(desk: Desk) -> None:
    with pytest.raises(UsageError, match="takes nothing from this key: this key is unknown"):
        desk.feed(desk.write(*(row(number) for number in range(50))), key="hl_wrong")
    assert desk.rejected() == []


def test_several_requests_are_under_way_but_never_too_many(desk: Desk) -> None:
    desk.intake.delay = 0.05
    file = desk.write(*(row(number) for number in range(40)))
    assert desk.feed(file, at_once=4).created == 40
    assert 2 <= desk.intake.peak <= 4


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"mapping": None}, "needs --mapping"),
        ({"mapping": "nowhere"}, "shipped are: boston-311"),
        ({"api": "localhost:8000"}, "is no address"),
        ({"mapping": "boston-311"}, "has no column 'case_enquiry_id'"),
    ],
)
def test_what_cannot_be_fed_is_told_before_anything_is_sent(desk: Desk, given: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        desk.feed(desk.write(row(1)), **given)
    assert desk.intake.posts == 0


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("a = {}", "fields.a: needs exactly one of constant, column and columns"),
        ("a = { column = 'x', constant = 'y' }", "needs exactly one of"),
        ("a = { column = 'x', time = 'iso', zone = 'Mars/Olympus' }", "fields.a.zone: unknown time zone"),
        ("a = { colum = 'x' }", "fields.a.colum: Extra inputs are not permitted"),
        ("a = ", "is no TOML"),
    ],
)
def test_a_wrong_mapping_is_told_with_its_field(desk: Desk, rule: str, told: str) -> None:
    (desk.folder / "mapping.toml").write_text(f"[fields]\n{rule}\n")
    with pytest.raises(UsageError, match=told):
        desk.feed(desk.write(row(1)))


@pytest.mark.parametrize("name", ["missing.csv", "file.pdf"])
def test_a_file_that_cannot_be_read_is_told(desk: Desk, name: str) -> None:
    (desk.folder / "file.pdf").write_bytes(b"%PDF")
    with pytest.raises(UsageError, match=name):
        desk.feed(desk.folder / name)
