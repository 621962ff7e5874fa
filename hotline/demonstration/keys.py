"""The keys of the demonstration: made once, kept in the state folder, and accepted by its own register alone."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from cases.vocabulary import Role
from hotline.stack import write_private
from records.keys import Keys
from records.systems import Systems

_LABEL = "demonstration"


class DemoKeys(BaseModel):
    """One key for each role, and one for each unit; a secret for each of those that have a system.

    Those that an earlier release did not make are empty until they are.
    """

    intake: str
    desk: str
    supervisor: str
    admin: str
    evaluator: str = ""
    auditor: str = ""
    clerk: str = ""
    districts: dict[str, str] = Field(default_factory=dict)
    units: dict[str, str]
    secrets: dict[str, str] = Field(default_factory=dict)


def read(state: Path) -> DemoKeys | None:
    """The keys as they were kept; none if there are none that can be read."""
    try:
        return DemoKeys.model_validate_json(_path(state).read_text())
    except (OSError, ValidationError):
        return None


async def ensure(
    keys: Keys,
    systems: Systems,
    state: Path,
    units: Sequence[str],
    having: Sequence[str],
    districts: Sequence[str] = (),
) -> DemoKeys:
    """The keys and secrets of an earlier run that the register still knows, and new ones for the rest.

    Args:
        keys: The register's keys.
        systems: The units' systems, with their secrets.
        state: The folder that they are kept in.
        units: All units.
        having: Those of them that have a system.
        districts: Those of them that are districts, and supervise others. The first unit has a clerk too.
    """
    before = read(state)
    kept = before.model_dump() if before else {}

    async def one(role: Role, text: str | None, unit: str | None = None) -> str:
        found = await keys.find(text) if text else None
        if text and found is not None and (found.role, found.unit) == (role, unit):
            return text
        return await keys.create(role, unit=unit, label=_LABEL)

    async def secret(unit: str) -> str:
        text = kept.get("secrets", {}).get(unit)
        if text and text in await systems.secrets(unit):
            return str(text)
        return await systems.new_secret(unit, timedelta(0))

    found = DemoKeys(
        intake=await one(Role.INTAKE, kept.get("intake")),
        desk=await one(Role.DESK, kept.get("desk")),
        supervisor=await one(Role.SUPERVISOR, kept.get("supervisor")),
        admin=await one(Role.ADMIN, kept.get("admin")),
        evaluator=await one(Role.EVALUATOR, kept.get("evaluator")),
        auditor=await one(Role.AUDITOR, kept.get("auditor")),
        clerk=await one(Role.UNIT_CLERK, kept.get("clerk"), units[0]) if units else "",
        districts={code: await one(Role.DISTRICT, kept.get("districts", {}).get(code), code) for code in districts},
        units={unit: await one(Role.UNIT_LEAD, kept.get("units", {}).get(unit), unit) for unit in units},
        secrets={unit: await secret(unit) for unit in having},
    )
    write_private(_path(state), found.model_dump_json(indent=2))
    return found


def _path(state: Path) -> Path:
    return state / "demo-keys.json"
