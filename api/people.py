"""People at the door: the tokens of the city's own sign-in (OpenID Connect), and whom they make of their holders.

A token is checked here, with the provider's public keys; the provider never sees what it is used for. ID tokens and
access tokens that are JWTs (RFC 9068) are both taken. Of a person nothing is kept but a digest of the account, made
with the service's own key: the city can compute it of an account it knows, and nobody else can.
"""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import jwt
from jwt.exceptions import (
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidAudienceError,
    InvalidKeyError,
    InvalidSignatureError,
    InvalidTokenError,
    MissingRequiredClaimError,
)

from api import assignments
from api.assignments import Assignments, Post
from api.problems import ProblemError
from api.provider import ALGORITHMS, Provider, is_safe
from cases.city import City
from hotline.errors import StartError
from hotline.settings import Settings
from records.keys import Key
from vault.digests import Digests

LEEWAY = 60
"""Seconds by which the provider's clock may differ from ours."""

ROLE_HEADER = "X-Hotline-Role"

_LONGEST = 16_384
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
"""What a token may call itself; without a name it passes for an ID token. Logout tokens and others are no door keys."""
_REQUIRED = ("exp", "iat", "iss", "aud", "sub")
_ACCOUNT_LENGTH = 16

_log = logging.getLogger(__name__)


class People:
    """Finds who holds a token, and what they are."""

    def __init__(
        self, provider: Provider, audiences: Iterable[str], claim: str, known: Assignments, digests: Digests
    ) -> None:
        """Args:
        provider: Who signs the tokens.
        audiences: For whom a token must be meant: the hotline's names at the provider.
        claim: Which claim holds a person's groups or roles; a dotted path leads into nested ones.
        known: What each of them stands for.
        digests: What makes an account's id of its `sub`.
        """
        self.provider = provider
        self.assignments = known
        self._audiences = tuple(audiences)
        self._claim = claim
        self._digests = digests

    def check_units(self, city: City) -> None:
        """Say in the log which units of the file the city has not: a misspelt one would show its people nothing."""
        for unit in sorted(self.assignments.units() - set(city.catalogue.units)):
            _log.error("HOTLINE_OIDC_PEOPLE: there is no unit %s in the policy in force; is it misspelt?", unit)

    async def find(self, text: str, wanted: str | None = None) -> Key:
        """The holder of a token, as a key of theirs.

        Args:
            text: The token.
            wanted: As what somebody acts who is several things, as the header says: `desk`, `unit_lead:chaoyang`.

        Raises:
            ProblemError: the token is no good (401), or its holder is nothing here, or several things (403).
            UnavailableError: the provider is out of reach, and its keys are not known.
        """
        claims = await self._verified(text)
        subject = claims["sub"]
        if not isinstance(subject, str) or not subject:
            raise _invalid("the token does not say whose it is (sub)")
        post = _chosen(self.assignments.posts(_values(claims, self._claim)), wanted)
        try:
            issued, expires = (datetime.fromtimestamp(int(claims[name]), UTC) for name in ("iat", "exp"))
            expires += timedelta(seconds=LEEWAY)
        except (ValueError, OverflowError, OSError):
            raise _invalid("the token names a time that no calendar has (exp, iat)") from None
        return Key(
            prefix=account_id(self._digests, self.provider.issuer, subject),
            role=post.role,
            unit=post.unit,
            source=post.source,
            created_at=issued,
            expires_at=expires,
        )

    async def _verified(self, text: str) -> dict[str, Any]:
        kid, algorithm = self._looked_at(text)
        known = await self.provider.keys(kid, algorithm)
        for anew in (False, True):
            keys = await self.provider.keys(kid, algorithm, anew=True) if anew else known
            for key in keys:
                try:
                    return self._decoded(text, key, algorithm)
                except (InvalidSignatureError, InvalidKeyError):
                    continue
                except InvalidTokenError as error:
                    raise _invalid(_said(error)) from None
                except (ValueError, TypeError, OverflowError):
                    raise _invalid("the token is damaged; sign in again") from None
        raise _invalid("the token is signed by no key that the provider publishes; sign in again")

    def _looked_at(self, text: str) -> tuple[str | None, str]:
        """The key and the algorithm that a token names, before anything of it can be believed."""
        if len(text) > _LONGEST:
            raise _invalid(f"the token is longer than {_LONGEST:,} characters; have the provider put less into it")
        try:
            read = jwt.decode_complete(text, options={"verify_signature": False})
        except (InvalidTokenError, ValueError, TypeError, RecursionError):
            raise _invalid("this is no token; send the access token or ID token as the provider gave it") from None
        header, claims = read["header"], read["payload"]
        kid, algorithm = header.get("kid"), header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise _invalid("the token is not signed by an algorithm that can be trusted")
        if str(header.get("typ") or "jwt").lower() not in _TYPES or "events" in claims:
            raise _invalid("this kind of token is not for signing in; send the access token or the ID token")
        if claims.get("iss") != self.provider.issuer:
            # Said before the keys are looked for: a stranger's token never makes the provider be asked.
            raise _invalid("the token comes from another issuer than the one that this service trusts")
        return kid if isinstance(kid, str) else None, algorithm

    def _decoded(self, text: str, key: jwt.PyJWK, algorithm: str) -> dict[str, Any]:
        return jwt.decode(
            text,
            key,
            algorithms=[algorithm],
            audience=self._audiences,
            issuer=self.provider.issuer,
            leeway=LEEWAY,
            options={"require": list(_REQUIRED), "enforce_minimum_key_length": True},
        )


def account_id(digests: Digests, issuer: str, subject: str) -> str:
    """How an account is called in events and the audit trail: `person:` and a keyed digest of issuer and subject."""
    digest = digests.of_text("account", f"{issuer}\0{subject}")
    return f"person:{digest[:_ACCOUNT_LENGTH]}"


def from_settings(settings: Settings, digests: Digests) -> People | None:
    """The people of the settings; none where they name no issuer.

    Raises:
        StartError: the settings do not fit together, or the file of people cannot be used.
    """
    if settings.oidc_issuer is None:
        return None
    if not is_safe(settings.oidc_issuer):
        raise StartError("HOTLINE_OIDC_ISSUER: must be an https address, as https://login.example.org/realms/city")
    audiences = [one for part in settings.oidc_audience.split(",") if (one := part.strip())]
    if not audiences:
        raise StartError("HOTLINE_OIDC_AUDIENCE: is missing; name what the provider calls this service in its tokens")
    if settings.oidc_people is None:
        raise StartError("HOTLINE_OIDC_PEOPLE: is missing; name the file that says who may do what (docs/identity.md)")
    known = assignments.read(settings.oidc_people)
    return People(Provider(settings.oidc_issuer), audiences, settings.oidc_claim, known, digests)


def _values(claims: dict[str, Any], claim: str) -> set[str]:
    """The texts in a claim. One whose own name has dots, as `https://example.org/groups`, goes before a path."""
    found: Any = claims.get(claim)
    if found is None:
        found = claims
        for step in claim.split("."):
            found = found.get(step) if isinstance(found, dict) else None
    if isinstance(found, str):
        return {found}
    return {one for one in found if isinstance(one, str)} if isinstance(found, list) else set()


def _chosen(posts: list[Post], wanted: str | None) -> Post:
    if not posts:
        raise _not_open("your account has no role here; ask whoever runs this service to give one to a group of yours")
    names = ", ".join(one.name for one in posts)
    if wanted is None:
        if len(posts) > 1:
            raise _not_open(f"your account has several roles here; say in the header {ROLE_HEADER} which one: {names}")
        return posts[0]
    fitting = [one for one in posts if wanted in (one.name, one.role)]
    if len(fitting) != 1:
        raise _not_open(f"{ROLE_HEADER}: your account has not just one role of that name; it has: {names}")
    return fitting[0]


def _said(error: InvalidTokenError) -> str:
    if isinstance(error, ExpiredSignatureError):
        return "the token has expired; sign in again"
    if isinstance(error, InvalidAudienceError):
        return "the token is meant for another audience; sign in with this service's own client"
    if isinstance(error, ImmatureSignatureError):
        return "the token is not valid yet; is the provider's clock right?"
    if isinstance(error, MissingRequiredClaimError):
        return f"the token lacks what it must have: {error.claim}"
    return "the token cannot be used; sign in again"


def _invalid(detail: str) -> ProblemError:
    # RFC 6750 allows no quotation mark and no backslash in a description, and ours have none.
    challenge = f'Bearer error="invalid_token", error_description="{detail}"'
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "unauthorized",
        "A valid token is needed",
        detail,
        {"WWW-Authenticate": challenge},
    )


def _not_open(detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.FORBIDDEN, "forbidden", "Your account may not do that", detail)


def no_people() -> ProblemError:
    """The answer to a token where the settings name no issuer."""
    return _invalid("people cannot sign in to this service: it has no HOTLINE_OIDC_ISSUER; use an API key")
