"""Masking who somebody is: in their contact, and wherever it stands in a text (Art. 8, 28).

A mask has the same length whoever stands behind it, so that it tells a surname, a number's end or a mail's domain and
nothing else.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from cases.sealed import absent, is_sealed
from cases.vocabulary import Complainant, Value

WITHHELD = "[withheld]"
"""What stands for a text that somebody may not read at all."""

_ID_CARD = "*" * 18
_MOBILE = 11
_SHORTEST = 7
"""Digits below which a number is a service's or an extension: it tells nobody apart, and may be anything in a text."""

_WHOLE = 9
"""Digits from which a number's last four tell little of it."""

_COMPOUND = re.compile(
    "欧阳|太史|端木|上官|司马|东方|独孤|南宫|万俟|闻人|夏侯|诸葛|尉迟|公羊|赫连|澹台|皇甫|宗政|濮阳|公冶|太叔|申屠|公孙|"
    "慕容|仲孙|钟离|长孙|宇文|司徒|鲜于|司空|闾丘|子车|亓官|司寇|巫马|公西|颛孙|壤驷|公良|漆雕|乐正|宰父|谷梁|拓跋|夹谷|"
    "轩辕|令狐|段干|百里|呼延|东郭|南门|羊舌|微生|左丘|东门|西门|第五|歐陽|東方|獨孤|南宮|諸葛|尉遲|赫連|鍾離|長孫|軒轅"
)
"""Surnames of two characters."""

_HAN = r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HAN_FIRST = re.compile(f"[{_HAN}]")
_LETTER = r"A-Za-z\u00c0-\u024f\u0370-\u052f\u1e00-\u1eff"
_BETWEEN = r"[\s().\-/_·\u2010-\u2015\u3000－（）]{0,3}"
"""What people write between the digits of a telephone number."""

_MAIL = re.compile(r"(?<![A-Za-z0-9._%+'-])[A-Za-z0-9._%+'-]+[@＠](?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")
_CARD = re.compile(r"(?<!\d)[1-9１-９]\d{5}[ -]?\d{8}[ -]?\d{3}[\dXxＸｘ](?![\dA-Za-z])")
_CALL = re.compile(
    r"(?<!\d)(?<!\d[.,])(?<![¥￥$€£])(?:(?:\+|＋|00)?86[ -]?)?"
    r"[1１][3-9３-９]\d[ -]?\d{4}[ -]?\d{4}"
    r"(?!\d)(?![.,]\d)(?!\s?(?:元|万|亿|[Yy]uan|RMB|CNY))"
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
    """A name, masked: 张三 is 张**, 欧阳建国 is 欧阳**, John Paul Smith is J*** S***."""
    if not name or absent([name]):
        return name
    if _HAN_FIRST.match(name):
        surname = 2 if _COMPOUND.match(name) and len(name) > 2 else 1
        return f"{name[:surname]}**"
    initials = [found for word in name.split() if (found := next(filter(str.isalpha, word), ""))]
    return " ".join(f"{one}***" for one in [*initials[:1], *initials[1:][-1:]]) or "***"


def masked_phone(phone: str | None) -> str | None:
    """A telephone number, masked: 138****5678 for a Chinese mobile number, for others the last four digits at most."""
    if not phone or absent([phone]):
        return phone
    digits = _digits(phone)
    national = digits[-_MOBILE:]
    if len(digits) >= _MOBILE and digits[:-_MOBILE] in ("", "86", "0086") and re.match("1[3-9]", national):
        return f"{national[:3]}****{national[-4:]}"
    return f"****{digits[-4:]}" if len(digits) >= _WHOLE else "****"


def masked_email(email: str | None) -> str | None:
    """A mail address, masked: z***@example.org."""
    if not email or absent([email]):
        return email
    local, _, domain = email.replace("＠", "@").rpartition("@")
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
    own = _own(complainant.name or "", complainant.phone or "", complainant.email or "") if complainant else _NOBODY
    # Most texts have neither; to look closer takes many times as long.
    mail, digits = "@" in text or "＠" in text, sum(map(str.isdecimal, text))
    if mail and own.email is not None:
        text = own.email[0].sub(own.email[1], text)
    if digits >= _SHORTEST and own.phone is not None:
        text = own.phone[0].sub(own.phone[1], text)
    if mail and anybody:
        text = _MAIL.sub(lambda found: masked_email(found[0]) or "", text)
    if digits >= _MOBILE and anybody:
        text = _CARD.sub(_ID_CARD, text)
        text = _CALL.sub(lambda found: masked_phone(found[0]) or "", text)
    return text if own.name is None else own.name[0].sub(own.name[1], text)


_Form = tuple[re.Pattern[str], str]
"""How something is found in a text, and what stands there instead."""


class _Own(NamedTuple):
    """What is somebody's own, as it may stand in a text. The name comes after everything else: a mail may hold it."""

    email: _Form | None = None
    phone: _Form | None = None
    name: _Form | None = None


_NOBODY = _Own()


@lru_cache(maxsize=512)
def _own(name: str, phone: str, email: str) -> _Own:
    return _Own(_email(email), _phone(phone), _name(name))


def _email(email: str) -> _Form | None:
    return (re.compile(re.escape(email), re.IGNORECASE), _literal(masked_email(email))) if _known(email) else None


def _phone(phone: str) -> _Form | None:
    if not _known(phone) or len(_digits(phone)) < _SHORTEST:
        return None
    return re.compile(_spoken(_digits(phone))), _literal(masked_phone(phone))


def _name(name: str) -> _Form | None:
    if not _known(name) or sum(one.isalpha() for one in name) < 2 or "*" in name:
        return None
    return re.compile(_called(name.split()), re.IGNORECASE), _literal(masked_name(name))


def _known(text: str) -> bool:
    return bool(text) and not is_sealed(text) and not absent([text])


def _literal(mask: str | None) -> str:
    return (mask or "").replace("\\", r"\\")


def _spoken(digits: str) -> str:
    """A number as it may be written: with or without the codes before it, and in groups of any kind."""
    each = [f"[{one}{chr(ord(one) + 0xFEE0)}]" for one in digits]
    before = ""
    for one in each[:-_SHORTEST]:
        before = f"(?:{before}{one}{_BETWEEN})?"
    codes = rf"(?:[+＋]|00)?(?:86{_BETWEEN})?(?:0{_BETWEEN})?"
    return rf"(?<!\d){codes}{before}{_BETWEEN.join(each[-_SHORTEST:])}(?!\d)"


def _called(words: list[str]) -> str:
    """A name as it may be written: spaced in another way, or with the surname first."""
    orders = [words] if len(words) == 1 else [words, [words[-1], *words[:-1]]]
    return "|".join(_written(one) for one in orders)


def _written(words: list[str]) -> str:
    text = r"[\s,，·]{0,3}".join(
        r"\s?".join(map(re.escape, word)) if _HAN_FIRST.match(word) else re.escape(word) for word in words
    )
    begins = f"(?<![{_LETTER}])" if re.match(f"[{_LETTER}]", words[0]) else ""
    ends = f"(?![{_LETTER}])" if re.search(f"[{_LETTER}]$", words[-1]) else ""
    return f"{begins}{text}{ends}"


def _digits(phone: str) -> str:
    return "".join(str(int(one)) for one in phone if one.isdecimal())
