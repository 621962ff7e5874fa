"""What an erased case loses that no key guards, and what it keeps: every event with its codes, times and figures.

What is sealed dies with the key of its case. Earlier releases, and services that speak to the engine themselves, wrote
plain texts: those are blanked where they stand. What is found wherever it stands by the name of its member, because
events of many releases lie there, and not all of them know today's types.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from cases.sealed import ERASED, is_sealed

ERASED_CONTENT = "erased"
"""Stands for the digest of what was brought, by which an erased case is known as such, and nobody can guess at it."""

TEXTS = frozenset(
    {
        "address",
        "description",
        "detail",
        "email",
        "evidence",
        "exit",
        "missing_reason",
        "name",
        "note",
        "owner",
        "phone",
        "plan",
        "point",
        "question",
        "reason",
        "subject",
        "task",
        "text",
        "told",
    }
)
"""The members of facts, and of the forms and notices made of them, in which people write or are named."""

_DIGESTS = frozenset({"content"})
_PLACES = frozenset({"latitude", "longitude"})
_NO_PERSON = frozenset({"terms", "deadlines", "tell"})
"""What comes of the policy: nobody wrote there of a case."""

_TELLING = 6
"""Characters from which on a text is known again within another."""

_DECIMALS = 2
_KEYED = 32
"""Characters of the keyed digest by which a command is known whose texts were sealed at the door."""


def blanked(value: Any) -> Any:
    """A document of JSON with every plain text in it blanked: an event's fact, a form, a complaint.

    Its places are rounded, as sealed ones are. What is sealed stays as it is. Done again it changes nothing.
    """
    if isinstance(value, dict):
        return {name: inner if name in _NO_PERSON else _member(name, inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [blanked(one) for one in value]
    return value


def blanked_history(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events of a case, as they are stored, with every plain text blanked that a person wrote.

    Such a text may stand in a later event as well, as the reason of an objection in the return that it led to: also in
    one whose own texts were sealed at the door.
    """
    alone = [blanked_event(event) for event in events]
    written = {text for event, left in zip(events, alone, strict=True) for text in _lost(event["fact"], left["fact"])}
    return [left | {"fact": _without(left["fact"], written)} for left in alone]


def blanked_event(event: dict[str, Any]) -> dict[str, Any]:
    """An event by itself, as it is stored, with its plain texts blanked, and what else leads back to the person.

    That is the source's own reference, and every digest of what was brought. What the service itself wrote beside
    sealed texts stays, as why the catalogue sent a case to a unit. Of a command that was not sealed at the door the
    digest is blanked as well: no key keeps anybody from guessing at it.
    """
    cause, fact = event.get("cause"), event["fact"]
    if fact.get("type") == "received":
        received = blanked(fact["complaint"]) | {"content": ERASED_CONTENT, "source_ref": None}
        fact = fact | {"complaint": received}
    if cause is None and event["actor"].get("role") == "system":
        return event
    if cause is not None and len(cause.get("fingerprint", "")) == _KEYED:
        return event | {"fact": _without_digests(fact)}
    if cause is not None:
        event = event | {"cause": cause | {"fingerprint": ERASED_CONTENT}}
    return event | {"fact": blanked(fact)}


def _lost(before: Any, after: Any) -> Iterator[str]:
    """The texts that blanking has taken away."""
    if isinstance(before, dict):
        for name, inner in before.items():
            yield from _lost(inner, after[name])
    elif isinstance(before, list):
        for inner, left in zip(before, after, strict=True):
            yield from _lost(inner, left)
    elif isinstance(before, str) and before != after and after == ERASED:
        yield before


def _without(value: Any, written: Collection[str], name: str = "") -> Any:
    """A document with those texts blanked where people's texts stand, also within others."""
    if isinstance(value, dict):
        return {
            inside: inner if inside in _NO_PERSON else _without(inner, written, inside)
            for inside, inner in value.items()
        }
    if isinstance(value, list):
        return [_without(one, written, name) for one in value]
    if name not in TEXTS or not isinstance(value, str) or is_sealed(value):
        return value
    within = any(one == value or (len(one) >= _TELLING and one in value) for one in written)
    return ERASED if within else value


def _member(name: str, value: Any) -> Any:
    if name in TEXTS and isinstance(value, str):
        return value if not value or is_sealed(value) else ERASED
    if name in _PLACES and isinstance(value, int | float):
        return round(value, _DECIMALS)
    return ERASED_CONTENT if name in _DIGESTS and isinstance(value, str) else blanked(value)


def _without_digests(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: ERASED_CONTENT if name in _DIGESTS and isinstance(inner, str) else _without_digests(inner)
            for name, inner in value.items()
        }
    return [_without_digests(one) for one in value] if isinstance(value, list) else value
