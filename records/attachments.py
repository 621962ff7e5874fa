"""The files of attachments, on a disk or in an S3, each locked by a key of its case."""

from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, from_url

from cases.errors import UnavailableError
from cases.sealed import ERASED
from vault.sealing import DataKey, lock, unlock

_RETRIES: Any = {"max_retries": 2, "retry_timeout": timedelta(seconds=10)}
_FORM = b"1"
_ID = 22
"""Characters of a key's id, which stands before what it locked."""


class GoneError(Exception):
    """The file was erased with its case, or was never there."""

    def __init__(self) -> None:
        super().__init__(ERASED)


class Attachments:
    """Keeps files under the number of their case. What is kept tells nothing without the case's key."""

    def __init__(self, place: str | Path) -> None:
        """Args:
        place: A folder, which is made when it is needed, or an address like `s3://bucket/folder`.
        """
        self._place = place

    @cached_property
    def _store(self) -> Any:
        try:
            if "://" in str(self._place):
                return from_url(str(self._place), retry_config=_RETRIES)
            return LocalStore(Path(self._place).absolute(), mkdir=True)
        except (BaseError, OSError, ValueError) as error:
            raise UnavailableError(
                f"the store of attachments cannot be used ({type(error).__name__}); HOTLINE_ATTACHMENTS names a "
                "folder, or s3://bucket/folder"
            ) from error

    async def put(self, number: str, attachment: str, content: bytes, key: DataKey) -> None:
        """Keep a file; the same again takes its own place.

        Raises:
            UnavailableError: the store is out of reach.
        """
        locked = _FORM + key.id.encode() + lock(key.secret, content, _bound_to(number, attachment))
        try:
            await obstore.put_async(self._store, _path(number, attachment), locked)
        except (BaseError, OSError) as error:
            raise UnavailableError("the store of attachments is out of reach") from error

    async def locked(self, number: str, attachment: str) -> tuple[str, bytes]:
        """The id of the key of a file, and the file as it is kept.

        Raises:
            GoneError: there is no such file.
            UnavailableError: the store is out of reach.
        """
        try:
            found = await obstore.get_async(self._store, _path(number, attachment))
            locked = bytes(await found.bytes_async())
        except (NotFoundError, FileNotFoundError) as error:
            raise GoneError from error
        except (BaseError, OSError) as error:
            raise UnavailableError("the store of attachments is out of reach") from error
        return locked[1 : 1 + _ID].decode("ascii", "replace"), locked[1 + _ID :]

    async def delete(self, number: str, attachment: str) -> None:
        """Drop a file that belongs to no case after all; none is no harm. Raises like `put`."""
        try:
            await obstore.delete_async(self._store, _path(number, attachment))
        except (NotFoundError, FileNotFoundError):
            return
        except (BaseError, OSError) as error:
            raise UnavailableError("the store of attachments is out of reach") from error

    async def delete_all(self, number: str) -> int:
        """Drop every file of a case; how many there were. Raises like `put`."""
        try:
            paths = [one["path"] async for part in obstore.list(self._store, prefix=f"{number}/") for one in part]
            if paths:
                await obstore.delete_async(self._store, paths)
        except (NotFoundError, FileNotFoundError):
            return 0
        except (BaseError, OSError) as error:
            raise UnavailableError("the store of attachments is out of reach") from error
        return len(paths)


def opened(number: str, attachment: str, locked: bytes, key: DataKey) -> bytes:
    """A file as it was kept.

    Raises:
        InvalidTag: it was changed, or is another one's.
    """
    return unlock(key.secret, locked, _bound_to(number, attachment))


def _path(number: str, attachment: str) -> str:
    return f"{number}/{attachment}"


def _bound_to(number: str, attachment: str) -> bytes:
    return f"attachment {number}/{attachment}".encode()
