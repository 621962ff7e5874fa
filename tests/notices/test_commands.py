"""`hotline channels`, as people run it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hotline.cli import app
from tests.notices.test_channels import Gateway
from tests.serving import served


def hotline(*words: str) -> Result:
    return CliRunner().invoke(app, ["channels", *words])


def test_check_shows_who_is_reached_by_what_and_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "channels.toml"
    path.write_text('[desk]\nchat = "json://user:hush@gateway/"\n[complainant]\n', encoding="utf-8")
    checked = hotline("check", str(path))
    assert checked.exit_code == 0
    assert checked.stdout == "desk: chat (json://)\ncomplainant: nothing\n"


def test_check_names_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "channels.toml"
    path.write_text('[desk]\nchat = "nonsense://x"\nmail = 5\n', encoding="utf-8")
    checked = hotline("check", str(path))
    assert checked.exit_code == 2
    first, second = checked.stderr.splitlines()
    assert first.startswith(f"hotline: {path}: [desk] chat:")
    assert second.startswith(f"{path}: [desk] mail:")
    assert "Traceback" not in checked.output


def test_test_sends_and_tells_what_a_service_says(tmp_path: Path) -> None:
    gateway = Gateway()
    path = tmp_path / "channels.toml"
    with served(gateway.app) as address:
        entry = f"json://{address.removeprefix('http://')}/{{phone}}"
        path.write_text(f'[complainant]\nsms = "{entry}"\n', encoding="utf-8")
        unsaid = hotline("test", "complainant", "--file", str(path))
        assert (unsaid.exit_code, gateway.requests) == (2, [])
        assert "--to" in unsaid.stderr
        done = hotline("test", "complainant", "--to", "+8613800000000", "--file", str(path))
        assert done.stdout == "complainant.sms: sent\n"
        gateway.status = 403
        failed = hotline("test", "complainant", "--to", "+8613800000000", "--file", str(path))
    assert failed.exit_code == 1
    assert "complainant.sms: the service answered 403" in failed.stderr
    assert [path for path, _, _ in gateway.requests] == ["+8613800000000"] * 2
    assert hotline("test", "desk", "--file", str(path)).exit_code == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("complainant",), "--to: complainant.mail needs a mail address; give one of your own"),
        (("desk", "--channel", "fax"), "--channel: desk has no entry 'fax'; there are: chat"),
        (("unit:metro",), "AUDIENCE: unit:metro has no entry, so its people are told nothing"),
        (("boss",), "AUDIENCE: must be one of complainant, desk, supervisor, unit, or unit:CODE"),
    ],
)
def test_test_says_what_there_is_instead(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    path = tmp_path / "channels.toml"
    entry = '"mailto://mail.city.example?from=hotline@city.example&to={email}"'
    path.write_text(f'[complainant]\nmail = {entry}\n[desk]\nchat = "log://"\n', encoding="utf-8")
    asked = hotline("test", *words, "--file", str(path))
    assert (asked.exit_code, asked.stdout) == (2, "")
    assert asked.stderr.startswith(f"hotline: {told}")
