"""A little town's policy in a folder, as its administration writes it."""

from pathlib import Path

_LIMITS = {
    "dispatch": ("24 hours", "receipt"),
    "acknowledge": ("2 hours", "dispatch"),
    "resolve": ("{resolve}", "dispatch"),
}
_POLICY = (
    'policy = "{code}"\nversion = "{version}"\nzone = "Europe/Berlin"\ndefault_level = "general"\n'
    'title = {{ en = "Town" }}\nopen_cases = "{open_cases}"\n'
    '[levels.general]\ntitle = {{ en = "General" }}\npriority = 3\n'
    + "".join(
        f'[levels.general.{name}]\nwithin = "{within}"\ncounts_from = "{anchor}"\n'
        for name, (within, anchor) in _LIMITS.items()
    )
)
_TABLES = {
    "units.csv": "code,kind,title_en,district\nnorth,district,North,\nworks,department,{works},\n",
    "categories.csv": "code,title_en,level\nstreets/litter,Litter,general\nstreets/lamps,Lamps,general\n",
    "catalogue.csv": "category,area,unit\nstreets/litter,*,{litter}\nstreets/lamps,*,works\n",
}


def write(
    folder: Path,
    version: str,
    code: str = "town",
    resolve: str = "7 days",
    open_cases: str = "keep",
    litter: str = "works",
    works: str = "Works",
) -> str:
    """Write the policy with these rules, and say where."""
    folder.mkdir(parents=True, exist_ok=True)
    rules = {"version": version, "code": code, "resolve": resolve, "open_cases": open_cases}
    (folder / "policy.toml").write_text(_POLICY.format(**rules))
    for name, text in _TABLES.items():
        (folder / name).write_text(text.format(litter=litter, works=works))
    return str(folder)
