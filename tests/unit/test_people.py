"""What the city says of its people: mistakes in it are named at the start, before anybody signs in."""

from pathlib import Path
from typing import Any

import pytest

from api.people import account_id, from_settings
from hotline.errors import StartError
from hotline.settings import Settings
from tests.own_keys import KEYS
from vault.digests import Digests

Said = dict[str, Any]


def settings(issuer: str, people_file: Path, **changed: Any) -> Settings:
    told = {"oidc_issuer": issuer, "oidc_audience": "hotline", "oidc_people": people_file}
    return Settings(_env_file=None, **{**told, **changed})


@pytest.fixture
def people_file(tmp_path: Path) -> Path:
    path = tmp_path / "people.toml"
    path.write_text('[[people]]\nvalue = "desk"\nrole = "desk"\n')
    return path


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has no entries"),
        ("[[people]", "is no TOML file"),
        ("[[persons]]\nvalue = 'x'\n", "nothing is called 'persons' here"),
        ("people = 'all'\n", "has no entries"),
        ("[[people]]\nvalue = 'x'\nrole = 'boss'\n", "people[1] role"),
        ("[[people]]\nvalue = 'x'\nrole = 'system'\n", "role: must be one of intake"),
        ("[[people]]\nvalue = 'x'\nrole = 'unit_clerk'\n", "unit: is missing"),
        ("[[people]]\nvalue = 'x'\nrole = 'district'\nunit = 'haidian'\n", "unit: the role district has none"),
        ("[[people]]\nvalue = 'x'\nrole = 'district'\n", "district: is missing"),
        ("[[people]]\nvalue = 'x'\nrole = 'desk'\nsource = 'app'\n", "source: the role desk has none"),
        ("[[people]]\nvalue = 'x'\nrole = 'desk'\nunits = 'app'\n", "people[1] units"),
    ],
)
def test_mistakes_in_the_file_of_people_are_named(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "people.toml"
    path.write_text(text)
    with pytest.raises(StartError, match="HOTLINE_OIDC_PEOPLE") as raised:
        from_settings(settings("https://login.example", path), Digests(KEYS.digest_key))
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"oidc_issuer": "http://login.example"}, "HOTLINE_OIDC_ISSUER"),
        ({"oidc_issuer": "login.example"}, "HOTLINE_OIDC_ISSUER"),
        ({"oidc_audience": " , "}, "HOTLINE_OIDC_AUDIENCE"),
        ({"oidc_people": None}, "HOTLINE_OIDC_PEOPLE"),
        ({"oidc_people": Path("/nowhere.toml")}, "HOTLINE_OIDC_PEOPLE"),
    ],
)
def test_settings_that_do_not_fit_together_are_named(people_file: Path, changed: Said, named: str) -> None:
    with pytest.raises(StartError, match=named):
        from_settings(settings("https://login.example", people_file, **changed), Digests(KEYS.digest_key))


def test_an_account_is_called_by_nothing_that_can_be_guessed_or_compared() -> None:
    ours, theirs = Digests(b"a" * 32), Digests(b"b" * 32)
    named = {account_id(digests, issuer, "li") for digests in (ours, theirs) for issuer in ("https://a", "https://b")}
    assert len(named) == 4
    assert account_id(ours, "https://a", "li") in named
