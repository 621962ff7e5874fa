"""Signatures by the Standard Webhooks scheme: a unit shows by one of its secrets that what comes is from it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import Request
from standardwebhooks import Webhook, WebhookVerificationError

from api import services
from api.access import Caller, origin_of
from api.problems import ProblemError
from cases.vocabulary import Role
from records.keys import Key

MESSAGE, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


async def admit_signed(request: Request) -> None:
    """Let a message of the unit in the address in, if any of the unit's valid secrets has signed it.

    Raises:
        ProblemError: it is not signed, not with such a secret, or not within the last five minutes (401); which of it,
            or that there is no such unit, is not told.
        UnavailableError: PostgreSQL is out of reach.
    """
    unit = request.path_params["unit"]
    given = {name: request.headers.getlist(name) for name in (MESSAGE, TIMESTAMP, SIGNATURE)}
    # Of two of one name, one would be verified and the other one used.
    if any(len(values) != 1 for values in given.values()):
        raise _unsigned()
    secrets = await services.of(request).register.systems.secrets(unit)
    if not _signed(await request.body(), {name: value for name, (value,) in given.items()}, secrets):
        raise _unsigned()
    # So long as keys have prefixes of eight digits, none meets this one in an Idempotency-Key.
    key = Key(prefix=f"callback:{unit}", role=Role.UNIT_LEAD, unit=unit, created_at=datetime.now(UTC))
    request.state.caller = Caller(key, signed=True, origin=origin_of(request))


def _signed(body: bytes, headers: dict[str, str], secrets: Sequence[str]) -> bool:
    for secret in secrets:
        try:
            Webhook(secret).verify(body, headers, json_parse=False)
        except (WebhookVerificationError, ValueError):
            # The latter for headers that cannot be taken apart, and a body that is not UTF-8.
            continue
        return True
    return False


def _unsigned() -> ProblemError:
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "unauthorized",
        "A valid signature is needed",
        "nothing shows that this is from the unit in the address: sign webhook-id, webhook-timestamp and the very "
        "bytes of the body with a valid secret of the unit, by the Standard Webhooks scheme, and anew for each "
        "attempt, since a signature is good for five minutes; docs/departments.md has the code",
    )
