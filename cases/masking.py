"""Masking who somebody is: in their contact, and wherever it stands in a text (Art. 8, 28).

A mask has the same length whoever stands behind it, so that it tells a surname, a number's end or a mail's domain and
nothing else.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from cases import dialled, named
from cases.folded import Find, Folded, each, fold
from cases.named import HAN
from cases.sealed import absent, is_sealed
from cases.vocabulary import Complainant, Value

WITHHELD = "[withheld]"
"""What stands for a text that somebody may not read at all."""

_HAN_DOMAINS = "中国|中國|公司|网络|網絡|网址|政务|公益|香港|台湾|在线|集团|网店|商城|网站|商标"
_MAIL = re.compile(
    rf"(?:(?<![A-Za-z0-9._%+'-])[A-Za-z0-9._%+'-]+|[{HAN}]{{1,8}})"
    rf"@(?:(?:[A-Za-z0-9-]|[{HAN}])+[.。])+(?:[A-Za-z][A-Za-z0-9-]+|{_HAN_DOMAINS})"
)


class ContactShown(Value):
    """A complainant's contact as it is shown. `masked` tells that it isn't given in full; nothing means nothing given.

    Its texts are plain ones: a masked number is no number any more.
    """

    name: str | None = None
    phone: str | None = None
    email: str | None = None
    language: str | None = None
    masked: bool = False


Contact = Complainant | ContactShown


def open_contact(complainant: Contact) -> ContactShown:
    """The contact in full."""
    return ContactShown(
        name=complainant.name, phone=complainant.phone, email=complainant.email, language=complainant.language
    )


def masked_contact(complainant: Contact) -> ContactShown:
    """The contact, masked: enough to know a person by whom one has spoken with."""
    return ContactShown(
        name=masked_name(complainant.name),
        phone=masked_phone(complainant.phone),
        email=masked_email(complainant.email),
        language=complainant.language,
        masked=True,
    )


def hidden_contact() -> ContactShown:
    """No contact; nor whether there is any."""
    return ContactShown(masked=True)


def masked_name(name: str | None) -> str | None:
    """A name, masked: 张三 is 张**, 欧阳建国 is 欧阳**, John Paul Smith is J*** S***; of several people, each."""
    if not name or absent([name]):
        return name
    return "/".join(map(named.masked, named.people(name)))


def masked_phone(phone: str | None) -> str | None:
    """A telephone number, masked: 138****5678 for a Chinese mobile number, for others the last four digits at most."""
    if not phone or absent([phone]):
        return phone
    return "/".join(one.mask for one in dialled.numbers(phone)) or "****"


def masked_email(email: str | None) -> str | None:
    """A mail address, masked: z***@example.org."""
    if not email or absent([email]):
        return email
    local, _, domain = fold(email).rpartition("@")
    return f"{local[:1]}***@{domain}"


def scrub(text: str, complainant: Contact | None = None, *, anybody: bool = True) -> str:
    """A text for somebody who isn't given the contact.

    The complainant's name, telephone number however it is written, and mail address are masked; and, whoever they
    belong to, Chinese mobile numbers, numbers of identity cards, and mail addresses. Doing it twice changes nothing.

    Args:
        text: The text, open.
        complainant: Whose case it is, open; none where that isn't known.
        anybody: Whether to mask what may be anybody's; a reference of another system is no number to call.
    """
    whose = _own(complainant.name or "", complainant.phone or "", complainant.email or "") if complainant else _NOBODY
    folded = Folded(text)
    # Most texts have neither; to look closer takes many times as long.
    mail, digits = "@" in folded.plain, sum(map(folded.plain.count, "0123456789"))
    finders: list[Find] = [*(whose.email if mail else ())]
    finders += whose.phone if digits >= dialled.SHORTEST_WORD else ()
    finders += [_mails] if mail and anybody else []
    finders += [dialled.cards, dialled.calls] if digits >= dialled.MOBILE and anybody else []
    # The name comes after everything else: a mail may hold it.
    for find in (*finders, *whose.name):
        folded = folded.put(find)
    return folded.text


_mails = each(_MAIL, lambda found: masked_email(found) or "")


class _Own(NamedTuple):
    """What finds in a text what is somebody's own."""

    email: tuple[Find, ...] = ()
    phone: tuple[Find, ...] = ()
    name: tuple[Find, ...] = ()


_NOBODY = _Own()


@lru_cache(maxsize=2048)
def _own(name: str, phone: str, email: str) -> _Own:
    return _Own(
        _email(email) if _known(email) else (),
        tuple(dialled.own(phone)) if _known(phone) else (),
        tuple(named.own(name)) if _known(name) and "*" not in name else (),
    )


def _email(email: str) -> tuple[Find, ...]:
    mask = masked_email(email) or ""
    return (each(re.compile(re.escape(fold(email)), re.IGNORECASE), lambda _: mask),)


def _known(text: str) -> bool:
    return bool(text) and not is_sealed(text) and not absent([text])
