"""The Idempotency-Key: what makes sending a request twice harmless."""

import hashlib
from typing import Annotated
from uuid import uuid4

from fastapi import Depends, Header

from cases.errors import InvalidError

_LONGEST = 200


KeyInHeader = Annotated[
    str | None,
    Header(
        alias="idempotency-key",
        description="Chosen by you for each request, and sent again when you repeat it: a repeated request is "
        "answered without being done twice. Up to 200 printable ASCII characters.",
        examples=["2f1c4f0e-7a51-4c0e-9a55-1f6d2f3a9b10"],
    ),
]


async def idempotency_key(idempotency_key: KeyInHeader = None) -> str | None:
    """The key of a request, if it has one.

    Raises:
        InvalidError: it is empty, too long, or not printable ASCII.
    """
    if idempotency_key is None:
        return None
    if not 1 <= len(idempotency_key) <= _LONGEST or not idempotency_key.isascii() or not idempotency_key.isprintable():
        raise InvalidError("Idempotency-Key", f"must be 1 to {_LONGEST} printable ASCII characters, like a UUID")
    return idempotency_key


IdempotencyKey = Annotated[str | None, Depends(idempotency_key)]


def command_id(prefix: str, number: str, act: str, key: str | None) -> str:
    """The id of a command: the same for every repetition under one Idempotency-Key, else its own.

    Args:
        prefix: Of the caller's API key; two callers never meet in one Idempotency-Key.
        number: The case.
        act: What is asked of it; empty where the key stands for one message, whatever it asks.
        key: The Idempotency-Key, if there is one.
    """
    if key is None:
        return str(uuid4())
    return hashlib.sha256("\0".join((prefix, number, act, key)).encode()).hexdigest()
