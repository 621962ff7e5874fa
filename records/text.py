"""Text as PostgreSQL can hold it."""

NUL = "\x00"
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def storable(text: str) -> str:
    """The text with every NUL character, which PostgreSQL has no place for, shown as U+FFFD.

    Input with a NUL is refused at the doors. This is for what came by another way: a case must not be stuck outside
    the register for one character.
    """
    return text.replace(NUL, REPLACEMENT)
