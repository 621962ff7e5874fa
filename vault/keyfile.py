"""The service's own keys, in one file that every one of its processes reads. Whoever loses it loses the cases' texts.

Three rings, each with a key in use and those that still open what was locked before: `master` wraps the keys of cases,
`payload` locks what the engine keeps, `proof` signs the audit trail. `digest` is one key that never changes: by what it
makes, the same complaint and the same caller are known again.
"""

import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

RingName = Literal["master", "payload", "proof"]
RINGS: tuple[RingName, ...] = ("master", "payload", "proof")
_BYTES = 32


class KeyFileError(Exception):
    """The file of keys cannot be used; says what is wrong with it and what to do."""


def _is_key(text: str) -> str:
    try:
        length = len(urlsafe_b64decode(text))
    except ValueError as error:
        raise ValueError("it is not written in the base64 of addresses") from error
    if length != _BYTES:
        raise ValueError(f"it has {length} bytes; a key has {_BYTES}")
    return text


Secret = Annotated[str, AfterValidator(_is_key)]
KeyId = Annotated[str, Field(pattern=r"^[a-z0-9]{8}$")]


class Ring(BaseModel):
    """Keys of one purpose: the one in use, and all that still open what was locked before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    current: KeyId
    keys: dict[KeyId, Secret]

    @model_validator(mode="after")
    def _has_current(self) -> "Ring":
        if self.current not in self.keys:
            raise ValueError(f"current: there is no key {self.current!r} in the ring")
        return self

    @classmethod
    def new(cls) -> "Ring":
        """A ring of one new key."""
        name = _name()
        return cls(current=name, keys={name: _secret()})

    def key(self, name: str) -> bytes | None:
        """The key of a name, if the ring still has it."""
        return urlsafe_b64decode(self.keys[name]) if name in self.keys else None

    @property
    def in_use(self) -> bytes:
        """The key that locks from now on."""
        return urlsafe_b64decode(self.keys[self.current])

    def turned(self) -> "Ring":
        """The ring with a new key in use; the others still open."""
        name = _name()
        return Ring(current=name, keys=self.keys | {name: _secret()})

    def with_keys_of(self, other: "Ring") -> "Ring":
        """The ring, and what only opens: the keys of another one.

        Raises:
            KeyFileError: both have a key of one name, and it is not the same.
        """
        for name in self.keys.keys() & other.keys.keys():
            if self.keys[name] != other.keys[name]:
                raise KeyFileError(f"both files have a key {name!r}, and it is not the same; is one of them damaged?")
        # Those of its own stay last: the order is that in which they came into use.
        strange = {name: key for name, key in other.keys.items() if name not in self.keys}
        return Ring(current=self.current, keys=strange | self.keys)

    def without(self, name: str) -> "Ring":
        """The ring without a key: what only that one opens is lost.

        Raises:
            KeyFileError: it is the one in use, or there is none of that name.
        """
        if name == self.current or name not in self.keys:
            why = "is in use; turn the ring first" if name == self.current else "is not in the ring"
            raise KeyFileError(f"the key {name!r} {why}")
        return Ring(current=self.current, keys={one: key for one, key in self.keys.items() if one != name})


class KeyFile(BaseModel):
    """Every key of the service."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    master: Ring
    payload: Ring
    proof: Ring
    digest: Secret

    @classmethod
    def new(cls) -> "KeyFile":
        """Keys that nobody has had before."""
        return cls(master=Ring.new(), payload=Ring.new(), proof=Ring.new(), digest=_secret())

    @property
    def digest_key(self) -> bytes:
        """The key of digests."""
        return urlsafe_b64decode(self.digest)

    def with_ring(self, name: RingName, ring: Ring) -> "KeyFile":
        """The same with another ring in the place of one."""
        return self.model_copy(update={name: ring})


def read(path: Path) -> KeyFile:
    """The keys of a file.

    Raises:
        KeyFileError: it is not there, anybody but its owner may read it, or it is no such file.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text()
    except OSError as error:
        raise KeyFileError(
            f"the keys at {path} cannot be read ({error.strerror}); restore the file, or name it by HOTLINE_KEYS"
        ) from error
    if os.name == "posix" and mode & 0o077:
        raise KeyFileError(f"others than its owner may read the keys at {path}; make it private: chmod 600 {path}")
    try:
        return KeyFile.model_validate_json(text)
    except ValidationError as error:
        # Never the values: they are keys.
        wrong = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}".removeprefix(": ") for one in error.errors()
        )
        raise KeyFileError(f"the keys at {path} cannot be used: {wrong}; restore the file from its copy") from None


def create(path: Path) -> KeyFile:
    """Make a file of new keys; if somebody else makes it in the same moment, theirs are taken.

    Raises:
        KeyFileError: it cannot be written.
    """
    keys = KeyFile.new()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = _draft(path, keys)
        try:
            # A link fails where a file is already, and what it makes is whole from the first moment.
            os.link(draft, path)
        except FileExistsError:
            return read(path)
        finally:
            draft.unlink()
    except OSError as error:
        raise KeyFileError(f"the keys cannot be written to {path} ({error.strerror})") from error
    return keys


def replace(path: Path, keys: KeyFile) -> None:
    """Put other keys in the place of those in a file, at once or not at all.

    Raises:
        KeyFileError: it cannot be written.
    """
    try:
        _draft(path, keys).replace(path)
    except OSError as error:
        raise KeyFileError(f"the keys cannot be written to {path} ({error.strerror})") from error


def _draft(path: Path, keys: KeyFile) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(keys.model_dump_json(indent=2) + "\n")
        file.flush()
        os.fsync(handle)
    return draft


def _name() -> str:
    return secrets.token_hex(4)


def _secret() -> str:
    return urlsafe_b64encode(secrets.token_bytes(_BYTES)).decode()
