"""What the audit trail calls what was done, and whom: the closed sets that its readers may ask for (Art. 28, 35)."""

import re
from difflib import get_close_matches
from typing import get_args

from cases.errors import InvalidError
from cases.events import Fact

BESIDES = frozenset(
    {
        "attachment_read",
        "blanked",
        "caller_looked_up",
        "caller_marked",
        "caller_unmarked",
        "erased",
        "hold_lifted",
        "hold_placed",
        "key_created",
        "key_revoked",
        "key_rotated",
        "notice_retried",
        "payload_read",
        "policy_in_force",
        "policy_loaded",
        "reconciled",
        "record_mended",
        "reveal",
        "reveal_refused",
        "revived",
        "system_removed",
        "system_secret_made",
        "system_set",
        "taken_back",
        "taken_up",
        "trail_begins",
        "trail_read",
        "vault_dropped",
        "vault_merged",
        "vault_rewrapped",
        "vault_turned",
    }
)
"""What is done besides the changes of cases; docs/audit.md says what each is."""

CHANGES = frozenset(str(fact.model_fields["type"].default) for fact in get_args(get_args(Fact)[0]))
"""The changes of cases, each called as its event."""

ACTIONS = BESIDES | CHANGES
"""Every action that an entry of the trail can have."""

_ACTOR = re.compile(r"key:\S+|person:\S+|local:.+|callback|system")
_FORMS = "key:1a2b3c4d, person:9b0f6c1e2d4a7385, local:anna, callback or system"


def check_action(action: str, field: str = "action") -> str:
    """The action, if there is such a one.

    Args:
        action: What is asked for.
        field: What it was given as, for the error.

    Raises:
        InvalidError: there is none; names those that were perhaps meant, and where all of them stand.
    """
    if action in ACTIONS:
        return action
    close = get_close_matches(action, sorted(ACTIONS), n=3)
    meant = f"did you mean {' or '.join(close)}? " if close else ""
    there = f"there are, besides the types of events: {', '.join(sorted(BESIDES))}"
    raise InvalidError(field, f"there is no action {action!r}; {meant}{there}")


def check_actor(actor: str, field: str = "actor") -> str:
    """The id of an actor, if one can be called that.

    Args:
        actor: Who is asked for.
        field: What it was given as, for the error.

    Raises:
        InvalidError: nobody is called like that; says in which forms ids come.
    """
    if _ACTOR.fullmatch(actor):
        return actor
    raise InvalidError(field, f"nobody is called {actor!r} in the trail; write an id as it stands there: {_FORMS}")
