"""Every setting is documented in one place."""

import re
from pathlib import Path

from hotline.settings import Settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_every_setting_is_in_the_example_and_nothing_else() -> None:
    named = set(re.findall(r"^#? ?HOTLINE_(\w+)=", EXAMPLE.read_text(), re.MULTILINE))
    assert {name.lower() for name in named} == set(Settings.model_fields)


def test_the_example_shows_the_defaults() -> None:
    shown = dict(re.findall(r"^HOTLINE_(\w+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE))
    defaults = Settings(_env_file=None)
    for name, value in shown.items():
        assert str(getattr(defaults, name.lower())).lower() == value.lower(), name
