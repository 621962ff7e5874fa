"""`hotline notices list` and `retry`, on a real register, with a real mail server behind the couriers."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cases import number
from cases.events import Received
from cases.vocabulary import Complainant
from hotline.cli import app
from tests.notices.conftest import Desk
from tests.notices.mail_server import MailServer
from tests.own_keys import written
from tests.records.histories import begun


@pytest.fixture(autouse=True)
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("HOTLINE_DATABASE_URL", database_url)
    monkeypatch.setenv("HOTLINE_STATE", str(tmp_path))
    monkeypatch.setenv("HOTLINE_KEYS", str(written(tmp_path / "keys.json")))
    return lambda columns: monkeypatch.setenv("COLUMNS", str(columns))


async def hotline(*words: str) -> Result:
    """A command, while the test's own loop runs on."""
    return await asyncio.to_thread(CliRunner().invoke, app, ["notices", *words])


async def stuck(desk: Desk, mail: MailServer, *, failed: int, failing: int) -> None:
    """Have some notices refused for good, and some for now."""
    mail.refused |= {f"gone{one}@example.org": "550 no such person" for one in range(failed)}
    mail.refused |= {f"later{one}@example.org": "450 later" for one in range(failing)}
    for one in range(failed):
        await desk.owes(who=Complainant(email=f"gone{one}@example.org"))
    for one in range(failing):
        await desk.owes(who=Complainant(email=f"later{one}@example.org"))
    await desk.courier().settle()


async def test_what_does_not_arrive_is_listed_with_its_reason_and_a_masked_address(
    desk: Desk, by_mail: MailServer, settings: Callable[[int], None]
) -> None:
    assert (await hotline("list")).stderr == "no notice is stuck\n"
    await stuck(desk, by_mail, failed=1, failing=2)
    arrived = await desk.owes("desk")
    await desk.courier().settle()
    settings(80)
    narrow = await hotline("list")
    settings(200)
    assert narrow.exit_code == 0, narrow.stderr
    assert max(len(line) for line in narrow.stdout.splitlines()) <= 80
    assert narrow.stdout.splitlines()[-1] == "mail: 1 failed, 2 failing"
    flowing = " ".join(narrow.stdout.split())
    assert "received to complainant (g***@example.org) by mail; tried once, fails since " in flowing
    assert "the mail server refused the recipient (550)" in flowing
    assert "hotline notices retry ID, or --failed" in narrow.stderr
    assert "gone0@" not in narrow.output
    assert arrived.key not in narrow.stdout
    listed = [line.split()[:2] for line in (await hotline("list")).stdout.splitlines()]
    known = [[one.id, one.state] for one in await desk.sendings() if one.state in ("failed", "failing")]
    assert sorted(line for line in listed if line in known) == sorted(known)
    sent = await hotline("list", "--state", "sent")
    assert f"{arrived.key}.mail" in sent.stdout
    assert ", sent " in sent.stdout
    assert "retry" not in sent.stderr
    assert (await hotline("list", "--state", "waiting")).stderr == "no notice is in the state waiting\n"


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
async def test_pages_go_through_all_that_is_stuck_once_what_waits_for_a_person_first(
    desk: Desk, by_mail: MailServer, limit: int
) -> None:
    await stuck(desk, by_mail, failed=3, failing=2)
    read: list[tuple[str, str]] = []
    page = json.loads((await hotline("list", "--json", "--limit", str(limit))).stdout)
    assert page["counts"] == {"mail": {"failed": 3, "failing": 2}}
    while True:
        assert 1 <= len(page["items"]) <= limit
        read += [(one["state"], one["id"]) for one in page["items"]]
        if page["next"] is None:
            break
        page = json.loads((await hotline("list", "--json", "--limit", str(limit), "--after", page["next"])).stdout)
    assert [state for state, _ in read] == ["failed"] * 3 + ["failing"] * 2
    assert {known for _, known in read} == {one.id for one in await desk.sendings()}


async def test_the_notices_of_one_case(desk: Desk, by_mail: MailServer) -> None:
    by_mail.refused["gone@example.org"] = "550 no such person"
    numbers = []
    for reference in ("one", "two"):
        history = begun(reference)
        assert isinstance(history[0].fact, Received)
        numbers.append(history[0].fact.number)
        await desk.register.record(numbers[-1], history)
    await desk.register.sendings.owe(
        [desk.made(who=Complainant(email="gone@example.org")).model_copy(update={"case_number": numbers[0]})]
    )
    await desk.courier().settle()
    found = json.loads((await hotline("list", "--case", numbers[0].lower(), "--state", "failed", "--json")).stdout)
    assert [one["case_number"] for one in found["items"]] == [numbers[0]]
    none = await hotline("list", "--case", numbers[1])
    assert (none.exit_code, none.stderr) == (0, f"no notice about {numbers[1]} is stuck\n")


async def test_one_is_sent_again_by_its_id_and_never_twice(desk: Desk, by_mail: MailServer) -> None:
    await stuck(desk, by_mail, failed=2, failing=0)
    by_mail.refused.clear()
    first, second = [one.id for one in await desk.sendings()]
    again = await hotline("retry", first)
    assert (again.exit_code, again.stdout) == (0, "1 tried again; `hotline notices list` shows what fails\n")
    desk.clock.now = datetime.now(UTC) + timedelta(hours=1)
    await desk.courier().settle()
    assert {one.id: one.state for one in await desk.sendings()} == {first: "sent", second: "failed"}
    late = await hotline("retry", first)
    assert (late.exit_code, late.stderr) == (2, f"hotline: ID: the sending {first} was sent already\n")
    assert len(by_mail.mail) == 1


async def test_all_that_have_failed_are_sent_again_once_the_server_is_mended(desk: Desk, by_mail: MailServer) -> None:
    assert (await hotline("retry", "--failed")).stdout == "no notice has failed\n"
    desk.clock.now = datetime.now(UTC)
    # More than are looked at in one go.
    await stuck(desk, by_mail, failed=205, failing=1)
    by_mail.refused = {"gone7@example.org": "550 no such person", "later0@example.org": "450 later"}
    again = await hotline("retry", "--failed")
    assert (again.exit_code, again.stdout.split()[0]) == (0, "205")
    desk.clock.passes(hours=1)
    await desk.courier().settle()
    assert len(by_mail.recipients) == len(set(by_mail.recipients)) == 204
    assert sorted(one.state for one in await desk.sendings() if one.state != "sent") == ["failed", "failing"]


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("retry",), 2, "ID or --failed: say which notice"),
        (("retry", "x", "--failed"), 2, "ID or --failed: say which notice"),
        (("retry", "x"), 2, "ID: there is no notice 'x'; `hotline notices list` shows"),
        (("list", "--case", "x"), 2, "--case: not a case number"),
        (("list", "--case", number.derive("test", "one")), 1, "there is no case"),
        (("list", "--after", "nowhere"), 2, "--after: not a place in this list"),
        (("list", "--after", "failed:nowhere"), 2, "after: not a place in this list"),
        (("list", "--state", "failed", "--after", "nowhere"), 2, "after: not a place in this list"),
    ],
)
async def test_mistakes_are_told_in_one_line(words: tuple[str, ...], status: int, told: str) -> None:
    result = await hotline(*words)
    assert result.exit_code == status
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
