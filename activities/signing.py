"""An order as it goes over the wire: its bytes, which are always the same, and the headers that say whose they are."""

from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook

from activities.failure import NotTakenError
from cases.order_form import OrderForm, envelope

_AGENT = "hotline"


def body(form: OrderForm) -> bytes:
    """The body of an order: the same bytes for a form whenever and by whichever process it is sent.

    Members that a later release has added to a form of an earlier one are left out.
    """
    return envelope(form).model_dump_json(exclude_unset=True).encode()


def headers(key: str, content: bytes, secrets: Sequence[str], now: datetime | None = None) -> dict[str, str]:
    """The headers of an attempt, signed with every secret, so that the unit may hold any of them.

    Args:
        key: The order's key.
        content: The body.
        secrets: The valid secrets of the unit.
        now: When the attempt is made.

    Raises:
        NotTakenError: there is no secret, or one that cannot be used; nothing is sent unsigned.
    """
    if not secrets:
        raise NotTakenError(
            "has no secret to sign with, and nothing is sent unsigned: make one for it, and have the order tried again",
            for_good=True,
            well=True,
        )
    at = (now or datetime.now(UTC)).astimezone(UTC)
    try:
        signatures = [Webhook(secret).sign(key, at, content.decode()) for secret in secrets]
    except (ValueError, RuntimeError) as error:
        # What is wrong with it may tell some of it.
        raise NotTakenError(
            f"has a secret that cannot be used ({type(error).__name__}): make a new one", for_good=True, well=True
        ) from None
    return {
        "Content-Type": "application/json",
        "Accept": "application/json, application/problem+json",
        # What is not packed cannot unpack into more than may be read of it.
        "Accept-Encoding": "identity",
        "User-Agent": _AGENT,
        "Idempotency-Key": key,
        "webhook-id": key,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
