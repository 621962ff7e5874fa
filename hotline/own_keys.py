"""The service's own keys, as the settings name their file."""

from pathlib import Path

from hotline.settings import Settings
from vault import keyfile
from vault.keyfile import KeyFile


def path(settings: Settings) -> Path:
    """Where the file of keys is."""
    return settings.keys or settings.state / "keys.json"


def load(settings: Settings) -> KeyFile:
    """The keys.

    Raises:
        KeyFileError: the file is not there, or cannot be used.
    """
    return keyfile.read(path(settings))


def load_or_make(settings: Settings) -> KeyFile:
    """The keys; those of a service that starts for the first time are made.

    Raises:
        KeyFileError: the file cannot be used, or not be written.
    """
    where = path(settings)
    return load(settings) if where.exists() else keyfile.create(where)
