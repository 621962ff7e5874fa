"""Keyed digests: by them the same content, or the same person, is known again, and by nobody without the key."""

import hashlib
import hmac
import re

from cases.commands import Act
from cases.vocabulary import Complainant, Complaint

_LENGTH = 32
_LAST_DIGITS = 10


class Digests:
    """Makes digests. They are short texts, the same in every process that has the same key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of_act(self, act: Act) -> str:
        """Tells whether two commands of one id ask for the same thing, before their texts are sealed."""
        # Defaults are left out so that a field added later does not change what was asked.
        return self.of_text("act", f"{type(act).__name__}{act.model_dump_json(exclude_defaults=True)}")

    def of_complaint(self, complaint: Complaint) -> str:
        """Tells whether two complaints bring the same matter. When it was received does not count."""
        return self.of_text("complaint", complaint.model_dump_json(exclude_defaults=True, exclude={"received_at"}))

    def of_person(self, complainant: Complainant) -> tuple[str, ...]:
        """Tells the same person by telephone and by mail, however the number is written; empty without both."""
        digits = re.sub(r"\D", "", complainant.phone or "")[-_LAST_DIGITS:]
        told = (("phone", digits), ("email", (complainant.email or "").strip().casefold()))
        return tuple(self.of_text(kind, one) for kind, one in told if one)

    def of_text(self, purpose: str, text: str) -> str:
        """A digest of a text for a purpose; those of two purposes cannot be compared."""
        return hmac.new(self._key, f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()[:_LENGTH]
