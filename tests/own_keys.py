"""The service's own keys in tests: always the same, so that processes of one test understand each other."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path

from vault import keyfile
from vault.keyfile import KeyFile, Ring


def _secret(name: str) -> str:
    return urlsafe_b64encode(sha256(name.encode()).digest()).decode()


def _ring(name: str) -> Ring:
    return Ring(current="00000001", keys={"00000001": _secret(name)})


KEYS = KeyFile(master=_ring("master"), payload=_ring("payload"), proof=_ring("proof"), digest=_secret("digest"))


def written(path: Path) -> Path:
    """The same keys as a file."""
    path.touch(mode=0o600)
    keyfile.replace(path, KEYS)
    return path
