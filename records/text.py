"""Text as PostgreSQL can hold it."""

from typing import Any

NUL = "\x00"
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def storable(text: str) -> str:
    """The text with every NUL character, which PostgreSQL has no place for, shown as U+FFFD.

    Input with a NUL is refused at the doors. This is for what came by another way: a case must not be stuck outside
    the register for one character.
    """
    return text.replace(NUL, REPLACEMENT)


def storable_value(value: Any) -> Any:
    """A value of JSON with every text in it made storable."""
    match value:
        case str():
            return storable(value)
        case list():
            return [storable_value(item) for item in value]
        case dict():
            return {storable(name): storable_value(item) for name, item in value.items()}
        case _:
            return value
