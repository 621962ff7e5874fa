"""Signatures by the Standard Webhooks scheme: what came from the hotline, and what is sent back to it."""

import binascii
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook, WebhookVerificationError

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


class UnsignedError(Exception):
    """Nothing shows that a message is from the other side."""


def verify(secrets: Sequence[str], headers: Mapping[str, str], body: bytes) -> None:
    """See that a message was signed with one of some secrets, within the last five minutes.

    Raises:
        UnsignedError: it was not; the text says what is wrong with it.
    """
    told = "there is no secret to verify it with"
    for secret in secrets:
        try:
            Webhook(secret).verify(body, dict(headers), json_parse=False)
        except WebhookVerificationError as error:
            told = str(error)
        except ValueError:
            told = "the signature headers cannot be read"
        else:
            return
    raise UnsignedError(told)


def sign(secrets: Sequence[str], message: str, body: bytes, at: float | None = None) -> dict[str, str]:
    """The headers of a message.

    Args:
        secrets: What it is signed with: one signature for each.
        message: The message's id, the same over all attempts.
        body: Its bytes, as they are sent.
        at: When it is sent, in seconds since 1970; now if left out.
    """
    moment = datetime.fromtimestamp(int(time.time() if at is None else at), UTC)
    signatures = [Webhook(secret).sign(message, moment, body.decode()) for secret in secrets]
    return {ID: message, TIMESTAMP: str(int(moment.timestamp())), SIGNATURE: " ".join(signatures)}


def usable(secret: str) -> bool:
    """Whether something is a secret as the hotline makes them: `whsec_` and base64."""
    bare = secret.removeprefix("whsec_")
    try:
        return bare != secret and len(binascii.a2b_base64(bare, strict_mode=True)) >= _SHORTEST
    except binascii.Error:
        return False


_SHORTEST = 16
