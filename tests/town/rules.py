"""The policy of a town of so many units, each with one category of complaint that is its own."""

from collections.abc import Mapping
from pathlib import Path

UNITS = tuple(f"unit-{place:02}" for place in range(10))
LEVELS = {"emergency": 1, "urgent": 2, "general": 3}

USUAL = {"dispatch": "24 hours", "acknowledge": "2 hours", "handle": "24 hours", "resolve": "7 days"}
"""The limits of every level, where nothing else is asked for."""

_ANCHORS = {"dispatch": "receipt", "acknowledge": "dispatch", "handle": "dispatch", "resolve": "dispatch"}


def category(unit: str, level: str = "general") -> str:
    """What is complained of so that it comes to a unit, on a level."""
    return f"{level}/{unit}"


def write(
    folder: Path,
    limits: Mapping[str, str] = USUAL,
    version: str = "1",
    callback: str = "3 days",
    anchors: Mapping[str, str] | None = None,
) -> Path:
    """Write the policy, and say where.

    Args:
        folder: Where to.
        limits: Within which each step must be done, as `20 seconds`; each has a warning halfway, and the desk is told
            of its breach.
        version: The policy's.
        callback: Within which the complainant must be called back.
        anchors: What a limit counts from, where that is not the usual.
    """
    counted = _ANCHORS | dict(anchors or {})
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        f'policy = "town"\nversion = "{version}"\nzone = "Europe/Berlin"\ndefault_level = "general"',
        'title = { en = "Town" }\n',
        f'[callback]\nwithin = "{callback}"\nwarn = [0.5]\nladder = [{{ after = "0 minutes", tell = ["desk"] }}]\n',
    ]
    for level, priority in LEVELS.items():
        lines.append(f'[levels.{level}]\ntitle = {{ en = "{level.title()}" }}\npriority = {priority}')
        lines += [
            f'[levels.{level}.{name}]\nwithin = "{within}"\ncounts_from = "{counted[name]}"\nwarn = [0.5]\n'
            'ladder = [{ after = "0 minutes", tell = ["desk"] }]'
            for name, within in limits.items()
        ]
    (folder / "policy.toml").write_text("\n".join(lines) + "\n")
    pairs = [(unit, level) for unit in UNITS for level in LEVELS]
    _table(folder / "units.csv", "code,kind,title_en,district", [f"{unit},department,{unit}," for unit in UNITS])
    _table(
        folder / "categories.csv",
        "code,title_en,level",
        [f"{category(unit, level)},Matter of {unit},{level}" for unit, level in pairs],
    )
    _table(
        folder / "catalogue.csv",
        "category,area,unit",
        [f"{category(unit, level)},*,{unit}" for unit, level in pairs],
    )
    return folder


def _table(path: Path, head: str, lines: list[str]) -> None:
    path.write_text("\n".join([head, *lines]) + "\n")
