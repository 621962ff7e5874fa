"""Where the parts of a running service answer, as `hotline up` leaves it written in the state folder."""

import os
from datetime import UTC, datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, Field, SecretStr, ValidationError

from hotline import lock
from hotline.errors import NotRunningError
from hotline.settings import Settings


class ChildMark(BaseModel):
    """A process that the service started. The two times tell it from a later process of the same id."""

    name: str
    pid: int
    created_at: float


class Stack(BaseModel):
    """A running service. Addresses that are not set are not up yet, or not part of it."""

    pid: int = Field(default_factory=os.getpid)
    started_at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    demo: bool = False
    demo_speed: int = 1
    database_url: str | None = None
    temporal_port: int | None = None
    temporal_ui: str | None = None
    api: str | None = None
    units: str | None = None
    children: list[ChildMark] = Field(default_factory=list)

    def write(self, state: Path) -> None:
        """Write it where `read` finds it, for its owner's eyes only: a database address may hold a password."""
        write_private(_path(state), self.model_dump_json(indent=2))


def read(state: Path) -> Stack | None:
    """What was last written, also by a service that was killed; none if there is nothing readable."""
    try:
        return Stack.model_validate_json(_path(state).read_text())
    except (OSError, ValidationError):
        return None


def forget(state: Path) -> None:
    """Take the record away: nothing runs any more."""
    _path(state).unlink(missing_ok=True)


def resolve(settings: Settings) -> Settings:
    """The settings with what they leave open filled in from the service that runs on their state folder.

    What is set explicitly stays as it is. Without a running service nothing changes.
    """
    stack = read(settings.state) if lock.held(settings.state) else None
    if stack is None:
        return settings
    found: dict[str, object] = {"demo": stack.demo, "demo_speed": stack.demo_speed}
    if settings.database_url is None and stack.database_url:
        found["database_url"] = SecretStr(stack.database_url)
    if stack.temporal_port:
        found["temporal_port"] = stack.temporal_port
    return settings.model_copy(update=found)


def database_url(settings: Settings) -> str:
    """The database's address of settings that were resolved.

    Raises:
        NotRunningError: none is set and no service runs.
    """
    if settings.database_url is None:
        raise NotRunningError(
            f"no service runs on the state folder {settings.state}; start it with `hotline up`, "
            "or name a database with HOTLINE_DATABASE_URL"
        )
    return settings.database_url.get_secret_value()


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody but its owner may read, whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def _path(state: Path) -> Path:
    return state / "service.json"
