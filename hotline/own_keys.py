"""The service's own keys, as the settings name their file."""

from pathlib import Path

from hotline.settings import Settings
from records.belonging import needs_keys
from records.database import connect
from vault import keyfile
from vault.keyfile import KeyFile, KeyFileError


def path(settings: Settings) -> Path:
    """Where the file of keys is."""
    return settings.keys or settings.state / "keys.json"


def load(settings: Settings) -> KeyFile:
    """The keys.

    Raises:
        KeyFileError: the file is not there, or cannot be used.
    """
    return keyfile.read(path(settings))


def there(settings: Settings) -> bool:
    """Whether there is such a file at all."""
    return path(settings).exists()


async def make(settings: Settings, database_url: str) -> KeyFile:
    """The keys of a service that starts for the first time, made and written.

    Raises:
        KeyFileError: the database is not new, so that there is a file which is only not here; or it cannot be written.
        UnavailableError: PostgreSQL is out of reach.
    """
    where = path(settings)
    engine = connect(database_url, pool_size=1)
    try:
        if await needs_keys(engine):
            raise KeyFileError(
                f"the file of keys {where} is missing, and what is in this database is locked by its keys; put it back "
                "from its copy, or name it by HOTLINE_KEYS"
            )
    finally:
        await engine.dispose()
    return keyfile.create(where)
