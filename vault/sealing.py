"""Sealing the personal texts of a value with the key of its case, and opening them again."""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel, TypeAdapter
from pydantic_core import to_json

from cases import sealed
from cases.errors import InvalidError
from cases.sealed import ERASED, UNREADABLE, Personal
from cases.vocabulary import Location, Value

_NONCE = 12
_DECIMALS = 2
"""Of a degree: a sealed place is known to a kilometre."""

Sealable = TypeVar("Sealable", bound=Value)
Openable = TypeVar("Openable")


@dataclass(frozen=True)
class DataKey:
    """The key of one case's texts; a case may have several, and each belongs to one case alone."""

    id: str
    secret: bytes = field(repr=False)

    def seal(self, text: str) -> str:
        """A text, sealed. Twice the same looks another way each time."""
        locked = lock(self.secret, text.encode(), self.id.encode())
        return sealed.token(self.id, urlsafe_b64encode(locked).decode().rstrip("="))

    def open(self, content: str) -> str:
        """The text that was sealed.

        Raises:
            InvalidTag: it was sealed by another key, or changed since.
        """
        return unlock(self.secret, urlsafe_b64decode(content + "=="), self.id.encode()).decode()


def new_key() -> DataKey:
    """A key that nobody has had before."""
    return DataKey(id=urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("="), secret=secrets.token_bytes(32))


def lock(key: bytes, content: bytes, bound_to: bytes) -> bytes:
    """Content under a key (AES-256-GCM), bound to a name that must be the same when it is unlocked."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, content, bound_to)


def unlock(key: bytes, locked: bytes, bound_to: bytes) -> bytes:
    """What `lock` was given.

    Raises:
        InvalidTag: it was locked by another key, bound to another name, or changed since.
    """
    return AESGCM(key).decrypt(locked[:_NONCE], locked[_NONCE:], bound_to)


def seal(value: Sealable, key: DataKey) -> Sealable:
    """A value with its personal texts sealed: those whose fields are marked as `Personal`, wherever they are in it.

    Raises:
        InvalidError: a text looks sealed already; names its field, as `calls.0.task`.
    """
    return cast(Sealable, _through(value, key.seal, ""))


def has_texts(value: Value) -> bool:
    """Whether there is anything in a value to seal. Raises like `seal`."""
    found: list[str] = []

    def note(text: str) -> str:
        found.append(text)
        return text

    _through(value, note, "")
    return bool(found)


def open_value(value: Openable, kind: Any, keys: Mapping[str, DataKey | None]) -> Openable:
    """A value, of a kind that pydantic knows, with its sealed texts opened, wherever they are in it.

    Args:
        value: The value, which stays as it is.
        kind: Its type, as `Case` or `list[Event]`.
        keys: The keys that there are; none for those that were destroyed. A text whose key is not among them reads
            `UNREADABLE`, and one whose key was destroyed `ERASED`.
    """
    document = as_document(value)
    return cast(Openable, read_opened(document, kind, keys)) if sealed.TOKEN.search(document) else value


def as_document(value: Any) -> str:
    """A value as the JSON in which its sealed texts are found and opened."""
    return to_json(value, inf_nan_mode="constants").decode()


def read_opened(document: str, kind: Any, keys: Mapping[str, DataKey | None]) -> Any:
    """The value of a kind that a document holds, with its sealed texts opened. As `open_value`."""
    return _adapter(kind).validate_json(open_document(document, keys))


def open_document(document: str, keys: Mapping[str, DataKey | None]) -> str:
    """A JSON document with its sealed texts opened. Raises nothing: what cannot be opened says so."""
    return sealed.opened(document, lambda name, content: to_json(_open(keys, name, content)).decode()[1:-1])


def open_text(text: str, keys: Mapping[str, DataKey | None]) -> str:
    """A plain text with its sealed parts opened."""
    return sealed.opened(text, lambda name, content: _open(keys, name, content))


def _open(keys: Mapping[str, DataKey | None], name: str, content: str) -> str:
    if name not in keys:
        return UNREADABLE
    key = keys[name]
    if key is None:
        return ERASED
    try:
        return key.open(content)
    except (InvalidTag, ValueError):
        return UNREADABLE


def _through(value: Any, put: Callable[[str], str], path: str) -> Any:
    """A value with its personal texts put through a function."""
    if isinstance(value, BaseModel):
        return _fields_through(_rounded(value) if isinstance(value, Location) else value, put, path)
    if isinstance(value, tuple):
        parts = tuple(_through(one, put, f"{path}.{index}") for index, one in enumerate(value))
        return parts if any(new is not old for new, old in zip(parts, value, strict=True)) else value
    if isinstance(value, str):
        # Not sealed, but it would be opened with the rest, and show what another case's key has sealed.
        _check(value, path)
    return value


def _fields_through(value: BaseModel, put: Callable[[str], str], path: str) -> BaseModel:
    personal, changed = _personal(type(value)), {}
    for name in type(value).model_fields:
        old, own = getattr(value, name), f"{path}.{name}".removeprefix(".")
        new = _text_through(old, put, own) if name in personal else _through(old, put, own)
        if new is not old:
            changed[name] = new
    return value.model_copy(update=changed) if changed else value


def _text_through(text: str | None, put: Callable[[str], str], path: str) -> str | None:
    if not text:
        return text
    _check(text, path)
    return put(text)


def _check(text: str, path: str) -> None:
    if sealed.looks_sealed(text):
        raise InvalidError(path, "reads like a text that the service has sealed; write what is meant in plain words")


def _rounded(place: Location) -> Location:
    exact = {"latitude": place.latitude, "longitude": place.longitude}
    if place.latitude is None and place.longitude is None:
        return place
    rounded = {name: None if degrees is None else round(degrees, _DECIMALS) for name, degrees in exact.items()}
    point = ",".join("" if degrees is None else str(degrees) for degrees in exact.values())
    return place.model_copy(update={**rounded, "point": point})


@cache
def _personal(kind: type[BaseModel]) -> frozenset[str]:
    """The names of a model's fields that are marked, however deep in their annotation."""
    return frozenset(
        name for name, one in kind.model_fields.items() if _is_marked(one.annotation) or _is_marked(one.metadata)
    )


def _is_marked(annotation: Any) -> bool:
    if isinstance(annotation, Personal):
        return True
    if isinstance(annotation, list | tuple):
        return any(map(_is_marked, annotation))
    parts = (*getattr(annotation, "__metadata__", ()), *getattr(annotation, "__args__", ()))
    return any(map(_is_marked, parts))


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
