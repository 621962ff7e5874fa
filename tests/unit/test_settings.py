"""Every setting is documented in one place."""

import re
from pathlib import Path

import pytest

from hotline.errors import UsageError
from hotline.settings import Settings
from hotline.told import settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_every_setting_is_in_the_example_and_nothing_else() -> None:
    named = set(re.findall(r"^#? ?HOTLINE_(\w+)=", EXAMPLE.read_text(), re.MULTILINE))
    assert {name.lower() for name in named} == set(Settings.model_fields)


def test_the_example_shows_the_defaults() -> None:
    shown = dict(re.findall(r"^HOTLINE_(\w+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE))
    defaults = Settings(_env_file=None)
    for name, value in shown.items():
        assert str(getattr(defaults, name.lower())).lower() == value.lower(), name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cors_origins", "https://desk.example.org, http://127.0.0.1:8080,https://[fd00::7]:8443"),
        ("codec_origins", "http://127.0.0.1:8233"),
        ("cors_origins", ""),
        ("proxies", "10.0.0.7, 10.1.0.0/24,fd00::/48"),
        ("attachments", "s3://hotline-files/city/attachments"),
        ("attachments", "s3://hotline-files"),
        ("attachments", "/srv/attachments"),
        ("attachments", "attachments"),
    ],
)
def test_what_fits_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"HOTLINE_{name.upper()}", value)
    assert getattr(settings(), name) == value


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("cors_origins", "*", "'*' would let every page in; write each origin"),
        ("cors_origins", "https://*.example.org", "would let every page in"),
        ("cors_origins", "https://desk.example.org/", "no origin; write scheme, host and perhaps port"),
        ("cors_origins", "https://good.example,desk.example.org", "'desk.example.org' is no origin"),
        ("cors_origins", "https://Desk.example.org", "is no origin"),
        ("cors_origins", "https://desk.example.org:443", "is no origin"),
        ("cors_origins", "https://desk.example.org:nine", "is no origin"),
        ("codec_origins", "http://127.0.0.1:8233/namespaces", "is no origin"),
        ("codec_origins", "ftp://127.0.0.1", "is no origin"),
        ("codec_origins", "null", "is no origin"),
        ("proxies", "*", "whatever address a caller claims"),
        ("proxies", "10.0.0.7, proxy.internal", "'proxy.internal' is no address and no network"),
        ("proxies", "10.0.0.7/24", "write them as 10.0.0.7 or 10.0.0.0/24"),
        ("attachments", "s3:/x", "write s3://bucket/folder"),
        ("attachments", "s3://", "write s3://bucket/folder"),
        ("attachments", "https://files.example.org/x", "write s3://bucket/folder"),
        ("unit_networks", "everywhere", "everywhere"),
        ("oidc_audience", "hotline", "does nothing without HOTLINE_OIDC_ISSUER"),
        ("oidc_people", "people.toml", "does nothing without HOTLINE_OIDC_ISSUER"),
    ],
)
def test_what_would_do_something_else_than_was_meant_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(f"HOTLINE_{name.upper()}", value)
    with pytest.raises(UsageError) as refused:
        settings()
    assert str(refused.value).startswith(f"HOTLINE_{name.upper()}: ")
    assert told in str(refused.value)
    assert "Value error" not in str(refused.value)


def test_who_signs_in_is_named_together(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ISSUER", "https://login.example"), ("AUDIENCE", "hotline"), ("PEOPLE", "people.toml")):
        monkeypatch.setenv(f"HOTLINE_OIDC_{name}", value)
    assert settings().oidc_audience == "hotline"
