"""Photographs, recordings and films: by their content, without what a camera adds, and for nobody without the key."""

import io
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from PIL import Image
from pillow_heif import register_heif_opener

from api.app import create_app
from api.services import Services
from cases.city import City
from hotline.settings import Settings
from records.data_keys import destroy
from records.database import transaction
from records.keys import Keys
from records.register import Register
from tests.api.conftest import Headers, started
from workflows.engine import Engine

register_heif_opener()
MAKER = 0x010F
GPS = 0x8825


def picture(form: str = "JPEG", size: tuple[int, int] = (64, 48), **saved: object) -> bytes:
    """A picture, half of it red, by a camera that tells its maker and its place."""
    image = Image.new("RGB", size, "white")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    exif[MAKER] = "PLANTED-MAKER"
    exif[GPS] = {1: "N", 2: (39.0, 54.0, 15.0), 3: "E", 4: (116.0, 24.0, 26.0)}
    out = io.BytesIO()
    image.save(out, form, exif=exif, **saved)
    return out.getvalue()


def sound() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(b"\x00\x01" * 800)
    return out.getvalue()


MP4 = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41" + b"\x00\x00\x00\x08free" + b"\x00" * 64


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "attachments"


@pytest_asyncio.fixture
async def app(engine: Engine, register: Register, keys: Keys, city: City, store: Path) -> AsyncIterator[FastAPI]:
    own = Settings(attachments=str(store), attachment_bytes=300_000, attachments_most=3)
    made = create_app(own, engine=engine, register=register, keys=keys, city=city)
    yield made
    await made.state.services.watch.aclose()


def kept(store: Path) -> list[Path]:
    """The files in the store."""
    return [path for path in store.rglob("*") if path.is_file()]


def block(store: Path) -> None:
    """Put something in the store's place."""
    store.write_text("no folder")


def unblock(store: Path) -> None:
    """Take it away again."""
    store.unlink()


async def sent(
    client: httpx.AsyncClient, number: str, headers: Headers, content: bytes, key: str | None = None, **query: str
) -> httpx.Response:
    named = {"Idempotency-Key": key} if key else {}
    return await client.post(f"/v1/cases/{number}/attachments", content=content, params=query, headers=headers | named)


async def test_art_5_a_photograph_is_kept_without_what_the_camera_wrote(
    client: httpx.AsyncClient, intake: Headers, desk: Headers, store: Path
) -> None:
    number = await started(client, intake)
    given = picture()
    assert b"PLANTED-MAKER" in given
    answer = await sent(client, number, intake, given, name="门口.jpg", note="the gate at noon")
    assert answer.status_code == 201, answer.text
    got = await client.get(answer.headers["Location"], headers=desk)
    assert got.status_code == 200
    assert got.headers["Content-Type"] == "image/jpeg"
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Security-Policy"].startswith("sandbox")
    assert got.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''%E9%97%A8")
    image = Image.open(io.BytesIO(got.content))
    assert (image.size, len(image.getexif())) == ((64, 48), 0)
    red = image.convert("RGB").getpixel((10, 10))
    assert isinstance(red, tuple)
    assert red[0] > 200
    assert red[1] < 60
    assert b"PLANTED-MAKER" not in got.content
    (file,) = kept(store)
    assert got.content[:32] not in file.read_bytes()


async def test_art_2_5_pictures_and_recordings_stand_in_the_case_and_in_its_story(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, desk: Headers
) -> None:
    number = await started(client, intake)
    await sent(client, number, intake, picture(), note="before")
    await client.post(f"/v1/cases/{number}/acknowledge", headers=unit)
    own = await sent(client, number, unit, sound(), note="after")
    assert own.status_code == 201, own.text
    events = (await client.get(f"/v1/cases/{number}/events", headers=desk)).json()["items"]
    told = [(one["fact"]["type"], one["fact"].get("attachment")) for one in events]
    with_files = [(kind, file["media_type"]) for kind, file in told if file]
    assert with_files == [("supplemented", "image/jpeg"), ("noted", "audio/wav")]
    case = (await client.get(f"/v1/cases/{number}", headers=desk)).json()
    assert [one["media_type"] for one in case["attachments"]] == ["image/jpeg", "audio/wav"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (picture("PNG"), "image/png"),
        (picture("WEBP"), "image/webp"),
        (picture("HEIF"), "image/jpeg"),
        (sound(), "audio/wav"),
        (MP4, "video/mp4"),
        (b"OggS\x00\x02" + b"\x00" * 64, "audio/ogg"),
    ],
    ids=["png", "webp", "heif", "wav", "mp4", "ogg"],
)
async def test_what_it_is_shows_in_its_content(
    client: httpx.AsyncClient, intake: Headers, content: bytes, kind: str
) -> None:
    number = await started(client, intake)
    answer = await sent(client, number, intake | {"Content-Type": "text/html"}, content)
    assert answer.status_code == 201, answer.text
    got = await client.get(answer.headers["Location"], headers=intake)
    assert got.headers["Content-Type"] == kind


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"<html><script>alert(1)</script>", 415),
        (b"GIF89a" + b"\x00" * 40, 415),
        (b"%PDF-1.7\n" + b"x" * 100, 415),
        (b"MZ" + b"\x00" * 100, 415),
        (b"PK\x03\x04" + b"\x00" * 60, 415),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 415),
        (picture()[:200], 415),
        (b"\x00" * 300_001, 413),
    ],
    ids=["empty", "html", "gif", "pdf", "exe", "zip", "svg", "damaged", "large"],
)
async def test_anything_else_is_refused_and_leaves_nothing(
    client: httpx.AsyncClient, intake: Headers, store: Path, content: bytes, status: int
) -> None:
    number = await started(client, intake)
    answer = await sent(client, number, intake, content)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]
    assert not kept(store)
    assert (await client.get(f"/v1/cases/{number}", headers=intake)).json()["attachments"] == []


async def test_a_bomb_of_a_picture_is_not_unpacked(client: httpx.AsyncClient, intake: Headers) -> None:
    number = await started(client, intake)
    out = io.BytesIO()
    Image.new("1", (9_000, 9_000)).save(out, "PNG")
    assert len(out.getvalue()) < 300_000
    answer = await sent(client, number, intake, out.getvalue())
    assert answer.status_code == 415
    assert "million points" in answer.json()["detail"]


async def test_the_same_request_again_attaches_once(client: httpx.AsyncClient, intake: Headers) -> None:
    number = await started(client, intake)
    first = await sent(client, number, intake, picture(), key="one")
    again = await sent(client, number, intake, picture(), key="one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.headers["Location"] == again.headers["Location"]
    other = await sent(client, number, intake, sound(), key="one")
    assert other.status_code == 422
    assert "Idempotency-Key" in other.text
    case = (await client.get(f"/v1/cases/{number}", headers=intake)).json()
    assert len(case["attachments"]) == 1
    assert (await client.get(first.headers["Location"], headers=intake)).headers["Content-Type"] == "image/jpeg"


async def test_a_case_has_only_so_many(client: httpx.AsyncClient, intake: Headers) -> None:
    number = await started(client, intake)
    statuses = [(await sent(client, number, intake, picture(size=(8 + i, 8)))).status_code for i in range(4)]
    assert statuses == [201, 201, 201, 422]


async def test_it_is_for_nobody_who_may_not_see_the_case(
    client: httpx.AsyncClient, intake: Headers, other_unit: Headers
) -> None:
    number = await started(client, intake)
    place = (await sent(client, number, intake, picture())).headers["Location"]
    assert (await client.get(place, headers=other_unit)).status_code == 404
    assert (await sent(client, number, other_unit, picture())).status_code == 404
    assert (await client.get(place)).status_code == 401
    assert (await client.get(f"/v1/cases/{number}/attachments/{'a' * 26}", headers=intake)).status_code == 404


async def test_it_is_lost_with_the_keys_of_its_case(
    client: httpx.AsyncClient, app: FastAPI, intake: Headers, database_url: str, store: Path
) -> None:
    number = await started(client, intake)
    place = (await sent(client, number, intake, picture())).headers["Location"]
    services: Services = app.state.services
    async with transaction(services.register._engine) as connection:
        await destroy(connection, number)
    services.register.seals.forget(number)
    assert kept(store)
    answer = await client.get(place, headers=intake)
    assert answer.status_code == 410
    assert "erased" in answer.json()["detail"]


async def test_a_changed_file_is_not_handed_out(client: httpx.AsyncClient, intake: Headers, store: Path) -> None:
    number = await started(client, intake)
    place = (await sent(client, number, intake, picture())).headers["Location"]
    (file,) = kept(store)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(bytes(content))
    assert (await client.get(place, headers=intake)).status_code == 410


async def test_a_store_that_is_away_loses_nothing(client: httpx.AsyncClient, intake: Headers, store: Path) -> None:
    number = await started(client, intake)
    block(store)
    answer = await sent(client, number, intake, picture(), key="later")
    assert answer.status_code == 503
    assert (await client.get(f"/v1/cases/{number}", headers=intake)).json()["attachments"] == []
    unblock(store)
    assert (await sent(client, number, intake, picture(), key="later")).status_code == 201


async def test_a_voice_is_not_for_those_who_must_not_know_whose_it_is(
    client: httpx.AsyncClient, intake: Headers, unit: Headers, desk: Headers
) -> None:
    number = await started(client, intake, confidential=True)
    voice = (await sent(client, number, intake, sound())).headers["Location"]
    view = (await sent(client, number, intake, picture())).headers["Location"]
    await client.post(f"/v1/cases/{number}/acknowledge", headers=unit)
    own = (await sent(client, number, unit, sound())).headers["Location"]
    answers = [(await client.get(place, headers=unit)).status_code for place in (voice, view, own)]
    assert answers == [403, 200, 200]
    assert (await client.get(voice, headers=desk)).status_code == 200


async def test_an_accused_unit_gets_no_file_at_all(client: httpx.AsyncClient, intake: Headers, unit: Headers) -> None:
    number = await started(client, intake, kind="report", accused=["chaoyang"])
    view = (await sent(client, number, intake, picture())).headers["Location"]
    assert (await client.get(view, headers=unit)).status_code == 403


async def test_a_large_photograph_is_kept_smaller_and_the_right_way_up(
    client: httpx.AsyncClient, intake: Headers
) -> None:
    number = await started(client, intake)
    image = Image.new("RGB", (6_400, 200), "white")
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)
    answer = await sent(client, number, intake, out.getvalue())
    assert answer.status_code == 201, answer.text
    got = Image.open(io.BytesIO((await client.get(answer.headers["Location"], headers=intake)).content))
    assert got.height > got.width
    assert got.height <= 6_000


async def test_a_blank_note_is_no_note(client: httpx.AsyncClient, intake: Headers) -> None:
    number = await started(client, intake)
    assert (await sent(client, number, intake, picture(), note="   ")).status_code == 201


async def test_a_unit_does_not_use_up_the_room_of_the_complainant(
    client: httpx.AsyncClient, intake: Headers, unit: Headers
) -> None:
    number = await started(client, intake)
    theirs = [(await sent(client, number, unit, picture(size=(8 + i, 8)))).status_code for i in range(4)]
    assert theirs == [201, 201, 201, 422]
    assert (await sent(client, number, intake, picture())).status_code == 201
