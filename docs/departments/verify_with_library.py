"""Is this message from the hotline? With the library: pip install standardwebhooks."""

from standardwebhooks import Webhook, WebhookVerificationError


def verified(secrets, headers, body):
    """Whether a message was signed with one of your secrets, within the last five minutes."""
    for secret in secrets:
        try:
            Webhook(secret).verify(body, headers, json_parse=False)
            return True
        except (WebhookVerificationError, ValueError):
            continue
    return False
