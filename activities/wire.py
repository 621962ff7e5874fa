"""Posting to units' systems: only to addresses that are open to them, within bounds of time and size."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

from activities.failure import NotTakenError
from cases.errors import InvalidError
from cases.targets import Network, check_target
from records.addresses import Resolver

_CONNECTING = 5.0
"""Seconds to look the name up and connect, and again to agree on the encryption."""

_MOST_BYTES = 64 * 1024
_CONNECTIONS = 1_000
"""More than orders are ever on their way, so that none waits for another's connection."""

_KEPT = 100
_KEPT_FOR = 15.0


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a system answered. Header names are in lower case; `whole` tells whether all of the body was read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool


class Wire:
    """Connections to units' systems. What a name leads to is checked at the very connection that is made.

    Redirects are not followed, and proxies of the environment not used: either would lead where nothing was checked.

    Args:
        allowed: Networks that are open besides the public ones.
        within: Seconds that a whole exchange may take.
        tls: Whose certificates are trusted; by default the usual authorities, or those that SSL_CERT_FILE names.
        resolver: Who knows what names lead to; it is closed with the connections.
    """

    def __init__(
        self,
        allowed: Sequence[Network],
        within: float,
        tls: ssl.SSLContext | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        self._within = within
        self._resolver = resolver or Resolver()
        trusted = tls or httpx.create_ssl_context()
        self._pools = {
            scheme: httpcore.AsyncConnectionPool(
                ssl_context=trusted if scheme == "https" else None,
                max_connections=_CONNECTIONS,
                max_keepalive_connections=_KEPT,
                keepalive_expiry=_KEPT_FOR,
                network_backend=_Checked(scheme, allowed, self._resolver),
            )
            for scheme in ("http", "https")
        }

    async def post(self, url: str, content: bytes, headers: Mapping[str, str], within: float | None = None) -> Reply:
        """Post something.

        Args:
            url: Where to.
            content: The body.
            headers: The headers.
            within: Seconds that it may take, if fewer than usual.

        Raises:
            NotTakenError: nobody answers there, not in time, or not in HTTP; for good if nothing may go there.
        """
        seconds = min(within or self._within, self._within)
        scheme = url.partition(":")[0].lower()
        if scheme not in self._pools:
            raise NotTakenError(
                "has an address that is neither https nor http: set another one", for_good=True, well=True
            )
        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(self._pools[scheme], url, content, headers, seconds)
        except InvalidError as error:
            raise NotTakenError(f"cannot be reached: its address {error.detail}", for_good=True, well=True) from None
        except (
            TimeoutError,
            httpcore.TimeoutException,
            httpcore.NetworkError,
            httpcore.ProtocolError,
            OSError,
        ) as error:
            raise NotTakenError(_told(error, seconds), kind="no_answer") from None

    async def _exchange(
        self, pool: httpcore.AsyncConnectionPool, url: str, content: bytes, headers: Mapping[str, str], seconds: float
    ) -> Reply:
        bounds = {"connect": _CONNECTING, "read": seconds, "write": seconds, "pool": seconds}
        asked = pool.stream("POST", url, headers=list(headers.items()), content=content, extensions={"timeout": bounds})
        async with asked as response:
            read = bytearray()
            whole = True
            async for part in response.aiter_stream():
                read += part
                if len(read) > _MOST_BYTES:
                    whole = False
                    break
            told = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            return Reply(status=response.status, headers=told, body=bytes(read[:_MOST_BYTES]), whole=whole)

    async def aclose(self) -> None:
        """Let go of all connections."""
        for pool in self._pools.values():
            await pool.aclose()
        self._resolver.close()


class _Checked(httpcore.AsyncNetworkBackend):
    """Connects to the very addresses that were found to be open, so that a name cannot mean another one afterwards.

    The encryption goes on to ask for the name that the address was looked up by.
    """

    def __init__(self, scheme: str, allowed: Sequence[Network], resolver: Resolver) -> None:
        self._scheme = scheme
        self._allowed = allowed
        self._resolver = resolver
        self._plain = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers."""
        try:
            async with asyncio.timeout(timeout):
                found = await self._resolver.look_up(host, port)
                if not found:
                    raise NotTakenError("does not answer: its name leads nowhere", kind="no_answer")
                name = f"[{host}]" if ":" in host else host
                check_target(f"{self._scheme}://{name}:{port}", found, self._allowed)
                return await self._first(found, port, local_address, socket_options)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error

    async def _first(
        self, addresses: Sequence[str], port: int, local_address: str | None, socket_options: Any
    ) -> httpcore.AsyncNetworkStream:
        for address in addresses[:-1]:
            try:
                # Some of the time is left for the others, should this one be silent.
                return await self._plain.connect_tcp(
                    address, port, _CONNECTING / len(addresses), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._plain.connect_tcp(addresses[-1], port, _CONNECTING, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Wait between attempts to connect."""
        await asyncio.sleep(seconds)


def _told(error: Exception, seconds: float) -> str:
    cause = error.__cause__ or error.__context__
    certificate = next((one for one in (error, cause) if isinstance(one, ssl.SSLCertVerificationError)), None)
    match error:
        case _ if certificate is not None:
            return f"shows a certificate that does not hold: {certificate.verify_message}"
        case httpcore.ConnectTimeout():
            return f"does not answer: no connection within {_CONNECTING:g} seconds"
        case httpcore.ConnectError() if isinstance(cause, ssl.SSLError):
            return "does not agree on an encryption of the connection"
        case httpcore.ConnectError():
            return "does not answer: nobody takes the connection"
        case TimeoutError() | httpcore.TimeoutException():
            return f"has not answered in whole within {seconds:g} seconds"
        case httpcore.ProtocolError():
            return "answers with something that is not HTTP, or breaks off"
        case _:
            return "breaks the connection off"
