"""Text that only the key of its case can open: how it looks, and the types of field that may hold it.

What a person said, and who they are, is sealed at the door, before the engine or the register sees it. The rules never
read such texts; whoever may, opens them on the way out. When the key of a case is destroyed its texts are lost wherever
copies of them are, and everything else of the case stays (Art. 8, 28).
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

TOKEN = re.compile(r"sealed\.1\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{38,})\.")
"""A sealed text: the id of its key, and what the key opens. Others may stand before and after it."""

ERASED = "[erased]"
"""What stands for a text whose key was destroyed."""

UNREADABLE = "[cannot be opened now]"
"""What stands for a text whose key is out of reach for the moment."""

_PLACEHOLDERS = (ERASED, UNREADABLE)


def token(key: str, content: str) -> str:
    """The sealed text that a key, by its id, made of something; `content` is in the base64 of addresses."""
    return f"sealed.1.{key}.{content}."


def is_sealed(text: str) -> bool:
    """Whether a text is sealed as a whole."""
    return TOKEN.fullmatch(text) is not None


def looks_sealed(text: str) -> bool:
    """Whether a text that comes from outside could be taken for a sealed one, or for one that is gone."""
    return TOKEN.search(text) is not None or text in _PLACEHOLDERS


def plain(text: str) -> str:
    """The text, if it is a plain one.

    Raises:
        ValueError: it could be taken for a sealed one, which whoever opens what it stands in would open too.
    """
    if looks_sealed(text):
        raise ValueError("it reads like a text that the service has sealed; write what is meant in plain words")
    return text


def keys_in(text: str) -> set[str]:
    """The ids of the keys that a text, perhaps a whole document, needs to be opened."""
    return {found[1] for found in TOKEN.finditer(text)}


def opened(text: str, open_one: Callable[[str, str], str]) -> str:
    """The text with every sealed part put through a function of the key's id and the content."""
    return TOKEN.sub(lambda found: open_one(found[1], found[2]), text)


def absent(texts: Iterable[str | None]) -> bool:
    """Whether any of the texts is gone, or cannot be opened now."""
    return any(text in _PLACEHOLDERS for text in texts)


@dataclass(frozen=True)
class Personal:
    """Marks a field of text that may tell of a person: it is sealed before it is kept.

    A sealed text, or what stands for a lost one, passes for any text of the field; its limits are for the open one.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let sealed texts through, and everything else to the field's own rules."""

        def check(value: Any, own: core_schema.ValidatorFunctionWrapHandler) -> Any:
            kept = isinstance(value, str) and (is_sealed(value) or value in _PLACEHOLDERS)
            return value if kept else own(value)

        return core_schema.no_info_wrap_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe the field: with its limits where it is asked for, as any text where it is told, perhaps masked."""
        return handler(schema) if handler.mode == "validation" else {"type": "string"}


PERSONAL = Personal()
