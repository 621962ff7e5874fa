"""The texts within a value: changed wherever they stand, or withheld."""

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel

from cases.attachment import Attachment
from cases.masking import WITHHELD
from cases.policy import Terms
from cases.vocabulary import Complainant, Location

TEXTS = frozenset(
    {
        "address",
        "advised",
        "because",
        "decision",
        "description",
        "detail",
        "evidence",
        "exit",
        "lines",
        "missing_reason",
        "note",
        "owner",
        "plan",
        "question",
        "reason",
        "released",
        "report_note",
        "returned_for",
        "source_ref",
        "subject",
        "task",
        "text",
        "to_desk",
        "told",
        "undelivered",
    }
)
"""Fields in which people write, and those that such words are carried on to."""

CODES = frozenset(
    {
        "case",
        "case_number",
        "content",
        "digest",
        "fingerprint",
        "id",
        "incident",
        "key",
        "number",
        "point",
        "policy_version",
    }
)
"""Fields that identify something: to change a digit of one would be to change what it stands for."""

Changed = TypeVar("Changed")
Change = Callable[[str, str], str]
"""What becomes of a text, given the name of its field too; empty where it stands in none."""


def each_text(value: Changed, change: Change, contact: Callable[[Complainant], Complainant]) -> Changed:
    """A value with every string in it changed, but for codes, and every complainant's contact too.

    What it gives isn't validated again: a masked number is none.
    """
    changed: Changed = _changed(value, change, contact, "")
    return changed


def withheld(value: Changed) -> Changed:
    """A value without what was said in it, without who said it, and with no nearer place than the area."""
    return each_text(value, lambda text, name: WITHHELD if name in TEXTS and text else text, lambda _: Complainant())


def _changed(value: Any, change: Change, contact: Callable[[Complainant], Complainant], name: str) -> Any:
    if type(value) is str:
        return change(value, name) if name not in CODES else value
    if isinstance(value, Complainant):
        return contact(value)
    if isinstance(value, BaseModel) and not isinstance(value, Terms):
        return _model(value, change, contact)
    if isinstance(value, dict):
        return {
            key: _changed(one, change, contact, key if isinstance(key, str) else name) for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        return type(value)(_changed(one, change, contact, name) for one in value)
    return value


def _model(value: BaseModel, change: Change, contact: Callable[[Complainant], Complainant]) -> BaseModel:
    update: dict[str, Any] = {}
    for name in type(value).model_fields:
        old = getattr(value, name)
        # What a file is called somebody wrote, too; names of other things are codes.
        label = "text" if name == "name" and isinstance(value, Attachment) else name
        if (new := _changed(old, change, contact, label)) is not old and new != old:
            update[name] = new
    if isinstance(value, Location) and update.get("address") == WITHHELD:
        return Location(area=value.area)
    return value.model_copy(update=update) if update else value
