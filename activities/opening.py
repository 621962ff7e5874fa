"""Opening what goes out: whole, or not at all. What stands for a text that cannot be opened is sent to nobody."""

from collections.abc import Collection
from typing import TypeVar

from pydantic import BaseModel

from cases.sealed import keys_in
from records.seals import Seals
from vault.sealing import DataKey, open_document, open_text

Opened = TypeVar("Opened", bound=BaseModel)


class ErasedError(Exception):
    """The case was erased: nobody can be told anything of it any more."""


class LostKeyError(Exception):
    """A key is not in the register, or no master key of the service opens it. Names the key."""


async def keys_of(seals: Seals, needed: Collection[str]) -> dict[str, DataKey]:
    """The keys of some ids, each of them.

    Raises:
        ErasedError: one was destroyed.
        LostKeyError: one is not there, though the register answers.
        UnavailableError: one is not known, and the register is out of reach.
    """
    keys = await seals.keys(needed)
    if unknown := set(needed) - keys.keys():
        # Asked once more, to tell a register that is away from a key that is not in it.
        keys |= await seals.data_keys.find(unknown)
    found = {name: key for name, key in keys.items() if key is not None}
    if len(found) < len(keys):
        raise ErasedError
    if lost := set(needed) - found.keys():
        raise LostKeyError(min(lost))
    return found


async def opened(seals: Seals, value: Opened) -> tuple[Opened, DataKey | None]:
    """A value with its texts opened, and a key of its case; members that were not set stay so.

    Its kind must be one that was read from JSON, where the members that tell kinds apart are set. Raises as `keys_of`.
    """
    document = value.model_dump_json(exclude_unset=True)
    keys = await keys_of(seals, keys_in(document))
    if not keys:
        return value, None
    return type(value).model_validate_json(open_document(document, keys)), next(iter(keys.values()))


async def opened_texts(seals: Seals, *texts: str) -> list[str]:
    """Plain texts, opened. Raises as `keys_of`."""
    keys = await keys_of(seals, {name for text in texts for name in keys_in(text)})
    return [open_text(text, keys) for text in texts]
