"""What leaves the service of a case, for whoever it is for: contacts masked, texts scrubbed, or nothing at all.

The rules of who sees what are those of `cases.sight`; this applies them to open values on their way out (Art. 8, 28).
"""

from typing import TypeVar

from cases.effects import COMPLAINANT
from cases.events import Cause, Event
from cases.masking import Contact, ContactShown, hidden_contact, masked_contact, open_contact, scrub
from cases.notice import Notice
from cases.order_form import OrderForm
from cases.sight import WHY, Bar, Sight, meets, reads, sight
from cases.texts import TEXTS, each_text, withheld
from cases.vocabulary import Complainant

__all__ = [
    "WHY",
    "Bar",
    "ContactShown",
    "Sight",
    "hidden_contact",
    "masked_contact",
    "meets",
    "open_contact",
    "reads",
    "scrub",
    "shown",
    "shown_form",
    "shown_notice",
    "shown_text",
    "sight",
]

Shown = TypeVar("Shown")


def shown(value: Shown, seen: Sight, complainant: Contact | None) -> Shown:
    """An open value as somebody sees it, with every string in it scrubbed and every contact masked or hidden.

    Args:
        value: A model, a tuple, a list or a dict; it stays as it is. What is given isn't validated again.
        seen: What they see.
        complainant: Whose case it is, open.
    """
    told = _scrubbed(value, complainant, hidden=seen.contact == "hidden") if seen.texts else withheld(value)
    return told if seen.origins else _without_origin(told)


def shown_text(text: str | None, complainant: Contact | None, *, texts: bool = True) -> str | None:
    """One text that stands by itself, as the subject in a list; `texts` is what `reads` says of whoever sees it."""
    if not text:
        return text
    return scrub(text, complainant) if texts else str(withheld({"text": text})["text"])


def shown_form(form: OrderForm) -> OrderForm:
    """A form as it goes out to its unit, given the open one: the contact masked if it is in, the texts scrubbed.

    The same form always comes to the same bytes, whichever way it goes out.
    """
    whose = form.withheld or form.complainant
    told = _scrubbed(form, whose, hidden=True)
    contact = masked_contact(form.complainant) if form.complainant is not None else None
    return told.model_copy(update={"complainant": contact, "withheld": None})


def shown_notice(notice: Notice) -> Notice:
    """A notice as it goes out, given the open one. The complainant's own data stays in clear in what is theirs."""
    told = notice if notice.to == COMPLAINANT else _scrubbed(notice, notice.withheld, hidden=False)
    return told.model_copy(update={"withheld": None})


def _scrubbed(value: Shown, whose: Contact | None, *, hidden: bool) -> Shown:
    nameless = ContactShown(phone=whose.phone, email=whose.email) if whose is not None else None

    def change(text: str, name: str) -> str:
        # A code may read like somebody's name: units, categories and the types of facts are no prose.
        return scrub(text, whose if name in TEXTS or not name else nameless, anybody=name != "source_ref")

    return each_text(value, change, lambda one: Complainant() if hidden else _masked(one))


def _masked(complainant: Complainant) -> Complainant:
    told = masked_contact(complainant)
    return complainant.model_copy(update={"name": told.name, "phone": told.phone, "email": told.email})


def _without_origin(value: Shown) -> Shown:
    if isinstance(value, Event) and value.cause is not None and value.cause.origin:
        cause: Cause = value.cause.model_copy(update={"origin": ""})
        return value.model_copy(update={"cause": cause})
    if isinstance(value, list | tuple):
        return type(value)(_without_origin(one) for one in value)
    return value
