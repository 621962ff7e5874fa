"""The provider that people sign in with: who it is and by which keys its tokens are known (OpenID Connect Discovery).

What it publishes is fetched when a token first needs it, kept while the provider is away, and fetched again after a
while, or when a token names a key that is not known: providers change their keys without a word.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from cases.errors import UnavailableError

FRESH = 600.0
"""Seconds after which what the provider publishes is fetched again, in the background."""
STALE = 86_400.0
"""Seconds for which its keys are still taken while it is away, as an API key is."""
AGAIN = 10.0
"""Seconds between two fetches, so that a flood of strange tokens never becomes a flood of requests to the provider."""
PATIENCE = 5.0
"""Seconds that one fetch may take, with everything that it consists of."""
MOST_BYTES = 262_144
_MOST_KEYS = 100

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
"""Those that only the provider can sign by; whoever knows its public key can verify, and nothing more."""

_log = logging.getLogger(__name__)


class ProviderError(Exception):
    """What the provider publishes cannot be used. Its text says what is wrong with it."""


class Published:
    """What a provider publishes: the algorithms that it announces, and its keys by their ids."""

    def __init__(self, announced: frozenset[str], keys: tuple[Mapping[str, Any], ...]) -> None:
        self.algorithms = announced
        self._keys = keys

    def keys(self, kid: str | None, algorithm: str) -> list[PyJWK]:
        """The keys that a token may have been signed with: the one that it names, or each that fits the algorithm."""
        if algorithm not in self.algorithms:
            return []
        made = (_key(one, algorithm) for one in self._keys if kid is None or one.get("kid") == kid)
        return [one for one in made if one is not None]


class Provider:
    """A provider by its issuer's address. It may be away at any time, also at the start."""

    def __init__(self, issuer: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.issuer = issuer
        self._clock = clock
        self._published: Published | None = None
        self._at = float("-inf")
        self._tried_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def keys(self, kid: str | None, algorithm: str, *, anew: bool = False) -> list[PyJWK]:
        """The keys that a token may have been signed with; none if the provider has no such key.

        Args:
            kid: The id of the key that the token names, if it does.
            algorithm: The algorithm that it names.
            anew: Whether those that are known were of no use, so that the provider is asked again if it may be.

        Raises:
            UnavailableError: the provider is out of reach, and its keys are not known, or were fetched too long ago.
        """
        age = self._clock() - self._at
        if self._published is None or age > STALE:
            await self._fetch()
        elif age > FRESH and not anew:
            # Nobody waits for a provider that hangs as long as its keys are at hand.
            self._begin()
        if self._published is None or self._clock() - self._at > STALE:
            raise UnavailableError(
                "the provider that people sign in with does not answer, so tokens cannot be checked; "
                "ask again in a moment, or use an API key"
            )
        found = self._published.keys(kid, algorithm)
        if anew or (not found and algorithm in ALGORITHMS):
            await self._fetch()
            found = self._published.keys(kid, algorithm)
        return found

    async def aclose(self) -> None:
        """Give up what is under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    async def _fetch(self) -> None:
        self._begin()
        if self._fetching is not None:
            # Shielded: the request that asked first may be given up while others wait for the same answer.
            await asyncio.shield(self._fetching)

    def _begin(self) -> None:
        under_way = self._fetching is not None and not self._fetching.done()
        if under_way or self._clock() - self._tried_at < AGAIN:
            return
        self._tried_at = self._clock()
        self._fetching = asyncio.create_task(self._fetch_now())

    async def _fetch_now(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                self._published = await fetch(self.issuer)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            _log.warning("HOTLINE_OIDC_ISSUER: the provider %s does not answer (%s)", self.issuer, type(error).__name__)
        except ProviderError as error:
            _log.error("HOTLINE_OIDC_ISSUER: what the provider %s publishes cannot be used: %s", self.issuer, error)
        else:
            self._at = self._clock()


async def fetch(issuer: str) -> Published:
    """What a provider publishes now.

    Raises:
        httpx.HTTPError: it does not answer, or not with 200.
        ProviderError: what it answers cannot be used.
    """
    async with httpx.AsyncClient(timeout=PATIENCE, follow_redirects=False) as http:
        told = await _document(http, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if told.get("issuer") != issuer:
            raise ProviderError("it calls itself by another issuer; set HOTLINE_OIDC_ISSUER to exactly what it says")
        address = str(told.get("jwks_uri", ""))
        if not is_safe(address):
            raise ProviderError("jwks_uri: is no https address")
        keys = (await _document(http, address)).get("keys")
    if not isinstance(keys, list) or not all(isinstance(one, dict) for one in keys) or len(keys) > _MOST_KEYS:
        raise ProviderError(f"keys: must be a list of at most {_MOST_KEYS} keys")
    announced = told.get("id_token_signing_alg_values_supported")
    usable = ALGORITHMS & {one for one in announced if isinstance(one, str)} if isinstance(announced, list) else ()
    if not usable:
        raise ProviderError(f"it announces no algorithm that can be trusted; those are {', '.join(sorted(ALGORITHMS))}")
    return Published(frozenset(usable), tuple(keys))


def is_safe(address: str) -> bool:
    """Whether nobody on the way can change what an address answers: https, or http on this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    if not host:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in ("localhost", "127.0.0.1", "::1"))


async def _document(http: httpx.AsyncClient, address: str) -> dict[str, Any]:
    async with http.stream("GET", address, headers={"Accept": "application/json"}) as answer:
        if answer.status_code != httpx.codes.OK:
            raise ProviderError(f"{urlsplit(address).path} answers with status {answer.status_code}")
        body = bytearray()
        async for piece in answer.aiter_bytes():
            body += piece
            if len(body) > MOST_BYTES:
                raise ProviderError(f"{urlsplit(address).path} is larger than {MOST_BYTES:,} bytes")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise ProviderError(f"{urlsplit(address).path} is no JSON") from None
    if not isinstance(document, dict):
        raise ProviderError(f"{urlsplit(address).path} is no JSON object")
    return document


def _key(published: Mapping[str, Any], algorithm: str) -> PyJWK | None:
    """A key for an algorithm; none if it is meant for something else, or cannot be used."""
    if published.get("use", "sig") != "sig" or published.get("alg", algorithm) != algorithm:
        return None
    try:
        return PyJWK(dict(published), algorithm)
    except (PyJWTError, ValueError, TypeError):
        return None
