"""The keys of the demonstration: made once, kept in the state folder, and accepted by its own register alone."""

from pathlib import Path

from pydantic import BaseModel, ValidationError

from cases.vocabulary import Role
from hotline.stack import write_private
from records.keys import Keys

_LABEL = "demonstration"


class DemoKeys(BaseModel):
    """One key for each role, and one for each unit."""

    intake: str
    desk: str
    supervisor: str
    admin: str
    units: dict[str, str]


def read(state: Path) -> DemoKeys | None:
    """The keys as they were kept; none if there are none that can be read."""
    try:
        return DemoKeys.model_validate_json(_path(state).read_text())
    except (OSError, ValidationError):
        return None


async def ensure(keys: Keys, state: Path, units: list[str]) -> DemoKeys:
    """The keys of an earlier run that the register still takes, and new ones for the rest."""
    before = read(state)
    kept = before.model_dump() if before else {}

    async def one(role: Role, text: str | None, unit: str | None = None) -> str:
        if text and await keys.find(text):
            return text
        return await keys.create(role, unit=unit, label=_LABEL)

    found = DemoKeys(
        intake=await one(Role.INTAKE, kept.get("intake")),
        desk=await one(Role.DESK, kept.get("desk")),
        supervisor=await one(Role.SUPERVISOR, kept.get("supervisor")),
        admin=await one(Role.ADMIN, kept.get("admin")),
        units={unit: await one(Role.UNIT, kept.get("units", {}).get(unit), unit) for unit in units},
    )
    write_private(_path(state), found.model_dump_json(indent=2))
    return found


def _path(state: Path) -> Path:
    return state / "demo-keys.json"
