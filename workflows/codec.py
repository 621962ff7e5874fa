"""What the engine keeps is locked: inputs, results, updates, memos, details and failures, by the ring of payload keys.

Payloads of an earlier release are plain, and are read as they are. What people said is sealed once more within, by the
key of its case.
"""

import dataclasses
from collections.abc import Iterable, Sequence

from cryptography.exceptions import InvalidTag
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import PydanticPayloadConverter, pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec

from vault.keyfile import KeyFileError, Ring
from vault.sealing import lock, unlock

ENCODING = b"binary/encrypted"
_BOUND_TO = b"hotline payload"


class LockedError(KeyFileError):
    """A payload was locked by a key that the ring has not, or was changed since."""


class Locking(PayloadCodec):
    """Locks payloads with the key in use, and unlocks those of every key in the ring."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """The payloads, locked."""
        return [self.lock(one) for one in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """The payloads as they were; one that is not locked stays as it is.

        Raises:
            LockedError: the ring lacks the key of one.
        """
        return [self.unlock(one) for one in payloads]

    def lock(self, payload: Payload) -> Payload:
        """One payload, locked."""
        name = self._ring.current.encode()
        content = lock(self._ring.in_use, payload.SerializeToString(), _BOUND_TO)
        return Payload(metadata={"encoding": ENCODING, "hotline-key": name}, data=content)

    def unlock(self, payload: Payload) -> Payload:
        """One payload as it was. Raises like `decode`."""
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        name = payload.metadata.get("hotline-key", b"").decode("ascii", "replace")
        key = self._ring.key(name)
        if key is None:
            raise LockedError(
                f"the payload key {name!r}, by which something of the engine is locked, is not in the file of keys; "
                "restore the file that belongs to it, or name it by HOTLINE_KEYS"
            )
        try:
            return Payload.FromString(unlock(key, payload.data, _BOUND_TO))
        except InvalidTag as error:
            raise LockedError(f"a payload locked by the key {name!r} was changed") from error


class Converters(PydanticPayloadConverter):
    """Those of pydantic, made once: the library makes a set for each task, and for each case that a worker holds."""

    def __init__(self) -> None:
        self.converters = _MADE


_MADE = PydanticPayloadConverter().converters


def converter(ring: Ring) -> DataConverter:
    """How values become payloads and back: as JSON, then locked; failures too."""
    return dataclasses.replace(
        pydantic_data_converter,
        payload_converter_class=Converters,
        payload_codec=Locking(ring),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


def keys_of(payloads: Iterable[Payload]) -> set[str]:
    """The names of the keys that payloads are locked by."""
    return {one.metadata["hotline-key"].decode() for one in payloads if one.metadata.get("encoding") == ENCODING}
