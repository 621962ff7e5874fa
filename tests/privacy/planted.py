"""What a complainant tells of themselves in a test, and looking for it in whichever form it may stand somewhere."""

import json
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import quote

NAME = "司徒明珠"
PHONE = "+86 139-8765-4321"
EMAIL = "mingzhu.situ@example.org"
ADDRESS = "枣林前街一百四十七号三单元"
WORDS = "暗渠返水"
"""Words of the complaint: whoever handles it reads them, and nobody finds them where the service keeps things."""

PERSON = (NAME, PHONE, "13987654321", "139-8765-4321", "9876 5432", EMAIL, "mingzhu.situ")
TEXTS = (ADDRESS, WORDS)


def said(what: str) -> str:
    """A text that holds everything that a person may write of themselves."""
    return f"{what}：{NAME}说{WORDS}，电话{PHONE}，也可打13987654321，或写信到{EMAIL}。"


def found(text: str, planted: Iterable[str] = PERSON) -> set[str]:
    """Which of the planted values stand in a text: plain, as JSON writes them, in base64, or as addresses have them."""
    folded = text.casefold()
    return {one for one in planted if any(form.casefold() in folded for form in _forms(one))}


def _forms(value: str) -> set[str]:
    written = value.encode()
    # Where a value stands within something longer, its first and last signs depend on what is around it.
    packed = {b64encode(b"x" * lead + written).decode()[4 if lead else 0 : -4] for lead in range(3)}
    forms = {value, json.dumps(value)[1:-1], quote(value), quote(value, safe="@"), written.hex()}
    return forms | {form for one in packed for form in (one, one.replace("+", "-").replace("/", "_")) if len(one) > 7}
