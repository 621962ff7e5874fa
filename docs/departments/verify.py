"""Is this message from the hotline? With Python's standard library alone."""

import base64
import hashlib
import hmac
import time


def verified(secrets, headers, body):
    """Whether a message was signed with one of your secrets, within the last five minutes.

    `secrets` are texts that begin with whsec_; two while one replaces the other. `headers` have names in small letters.
    `body` is the bytes as they came, before anything has read them.
    """
    message, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (message and sent.isascii() and sent.isdigit()) or abs(time.time() - int(sent)) > 300:
        return False
    signed = f"{message}.{sent}.".encode() + body
    given = headers.get("webhook-signature", "").split(" ")
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        own = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        if any(hmac.compare_digest(own.encode(), one.encode()) for one in given):
            return True
    return False
