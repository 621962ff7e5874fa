"""Connecting to Temporal by its standard client settings."""

from temporalio.client import Client
from temporalio.envconfig import ClientConfig

from vault.keyfile import KeyFile
from workflows.codec import converter


async def connect(keys: KeyFile, address: str | None = None, *, lazy: bool = False) -> Client:
    """A client by `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, TLS settings or a `temporal.toml`.

    Args:
        keys: The service's own keys, by which all that the engine keeps is locked.
        address: The server to use where none of those names one.
        lazy: Whether to connect with the first call only, so that nobody waits for a server that is away. A worker
            cannot use such a client.

    Raises:
        RuntimeError: the settings cannot be read, or the server does not answer.
    """
    config = ClientConfig.load_client_connect_config()
    if address is not None:
        config.setdefault("target_host", address)
    return await Client.connect(**config, data_converter=converter(keys.payload), lazy=lazy)
