"""Telephone numbers as they stand in texts: somebody's own, and Chinese mobile numbers, whoever they belong to.

It reads folded texts: see `cases.folded`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from cases.errors import InvalidError
from cases.folded import Find, Span, fold
from cases.number import parse

MOBILE = 11
"""Digits of a Chinese mobile number."""

SHORTEST = 7
"""Digits below which a number is a service's or an extension, and may be anything in a text."""

SHORTEST_WORD = 5
"""Digits from which a short number is still somebody's, if it is the one they left and stands by itself."""

BETWEEN = r"(?:(?:[^\w*]|_){0,4}|\*)"
"""What people write between the digits of a number. Several stars are a mask, and stay."""

_WHOLE = 9
"""Digits from which a number is hardly ever met by chance; what is shorter may be the end of one, without its codes."""

_NARROW = re.compile(r"[\d\s().\-/_·\u2010-\u2015]*")
"""A number without its codes, in groups as numbers are."""

# Two numbers may follow each other as the groups of one do.
_CLUSTER = re.compile(rf"\d(?:{BETWEEN}\d)*")
_MAIN = re.compile(r"(?P<main>(?:\+?86[ -]?)?(?:\(?0\d{2,3}\)?[ -]?)?[2-8]\d{6,7})[-/ ]{1,2}(?P<extension>\d{1,6})")
_EXTENSION = r"(?:[\W_]{0,3}(?:转|轉|分机|分機|ext(?:ension)?\.?|x)?[\W_]{0,3})"
_CODES = ("00860", "860", "0086", "86", "0", "")
"""What may stand before a number that was left without it, the longest first."""

_CASE = re.compile(r"(?<![0-9A-Za-z])[0-9A-Z]{4}([ -])[0-9A-Z]{4}\1[0-9A-Z]{4}\1[0-9A-Z](?![0-9A-Za-z])")
_LONGEST_CASE = 16
_CALL = re.compile(
    rf"(?<!\d)(?:\+?(?:00)?86{BETWEEN})?0?(?:"
    rf"1[3-9]\d{BETWEEN}\d{{4}}{BETWEEN}\d{{4}}"
    rf"|1((?:[^\w*]|_){{1,2}})[3-9](?:\1\d){{9}}"
    rf"|1[3-9]\d\d([ .-])(?:\d{{3}}\2\d{{4}}|\d{{4}}\2\d{{3}})"
    rf"|1[3-9]\d([ .-])(?:\d\d\3\d\d\3\d\d\3\d\d|\d{{3}}\3\d{{5}}|\d{{5}}\3\d{{3}})"
    rf"|1[3-9]\d{{3}} \d{{6}}|1[3-9]\d{{4}} \d{{5}}"
    rf")(?!\d)"
)
_CARD = re.compile(
    r"(?<!\d)[1-9]\d{5}(?P<between>[^\w*]{0,2})\d{4}(?:(?P=between)|)\d{4}(?P=between)\d{3}[\dXx](?![\dA-Za-z])"
)


class Number(NamedTuple):
    """A number that somebody left: its digits, and those of the extension behind it."""

    digits: str
    extension: str = ""

    @property
    def mask(self) -> str:
        """138****5678 for a Chinese mobile number, for others the last four digits at most."""
        national = self.digits[-MOBILE:]
        if self.digits[:-MOBILE] in ("", "86", "0086") and is_mobile(national):
            return f"{national[:3]}****{national[-4:]}"
        # The last four tell little of a number that is long enough.
        return f"****{self.digits[-4:]}" if len(self.digits) >= _WHOLE else "****"


def numbers(phone: str) -> list[Number]:
    """The numbers in what somebody left as theirs."""
    plain = fold(phone)
    whole = _digits(plain)
    parts = [_digits(one) for one in plain.split("/")]
    if len(parts) > 1 and all(len(one) >= SHORTEST for one in parts):
        return [found for one in plain.split("/") for found in numbers(one)]
    found = _MAIN.fullmatch(plain.strip())
    if found is not None and not is_mobile(whole[-MOBILE:]):
        return [Number(_digits(found["main"]), found["extension"])]
    return [Number(whole)] if whole else []


def is_mobile(digits: str) -> bool:
    """Whether digits are those of a Chinese mobile number."""
    return len(digits) == MOBILE and re.match("1[3-9]", digits) is not None


def own(phone: str) -> list[Find]:
    """Finds the numbers that somebody left, with and without the codes before them, in groups of any kind."""
    return [_finder(one) for one in numbers(phone) if len(one.digits) >= SHORTEST_WORD]


def calls(plain: str) -> Iterator[Span]:
    """Chinese mobile numbers, whoever they belong to."""
    for found in _CALL.finditer(plain):
        if not _is_in_a_case_number(plain, *found.span()):
            yield Span(*found.span(), Number(_digits(found[0])[-MOBILE:]).mask)


def cards(plain: str) -> Iterator[Span]:
    """Numbers of identity cards."""
    return (Span(*found.span(), "*" * 18) for found in _CARD.finditer(plain))


def _is_in_a_case_number(plain: str, begin: int, end: int) -> bool:
    around = _CASE.search(plain, max(0, begin - _LONGEST_CASE), end + _LONGEST_CASE)
    if around is None or not (around.start() <= begin and end <= around.end()):
        return False
    try:
        parse(around[0])
    except InvalidError:
        return False
    return True


def _finder(number: Number) -> Find:
    if len(number.digits) < SHORTEST:
        return lambda plain: _by_itself(number, plain)
    return lambda plain: _in_groups(number, plain)


def _by_itself(number: Number, plain: str) -> Iterator[Span]:
    # A short one may be a part of a date, a sum or an address as well: it counts only as a word.
    pattern = rf"(?<![\dA-Za-z])(?<!\d[.,:/-])(?<![¥$€£]){number.digits}(?![\dA-Za-z])(?![.,:/-]\d)(?!\s?[元万亿号])"
    return (Span(*found.span(), number.mask) for found in re.finditer(pattern, plain))


def _in_groups(number: Number, plain: str) -> Iterator[Span]:
    needed = number.digits[-SHORTEST:]
    for cluster in _CLUSTER.finditer(plain):
        digits = _digits(cluster[0])
        if needed not in digits:
            continue
        places = [index for index in range(*cluster.span()) if plain[index].isdigit()]
        done = cluster.start()
        at = digits.find(needed)
        while at >= 0:
            first = _first(number.digits, digits, at, plain, places)
            last = places[at + SHORTEST - 1] + 1
            end = _end(number, plain, last)
            if first is not None and end is not None and first >= done and _is_whole(number, plain[first:last]):
                done = end
                yield Span(_sign(plain, first), end, number.mask)
            at = digits.find(needed, at + 1)


def _first(own: str, digits: str, at: int, plain: str, places: list[int]) -> int | None:
    """Where a number begins whose last digits begin at `at`: as far before as it goes, and not within a longer one."""
    for length in range(len(own) - SHORTEST, -1, -1):
        for code in _CODES if length + SHORTEST >= _WHOLE else ("",):
            begin = at - length - len(code)
            before = code + own[len(own) - SHORTEST - length : len(own) - SHORTEST]
            if begin >= 0 and digits[begin:at] == before and not plain[places[begin] - 1 : places[begin]].isdigit():
                return places[begin]
    return None


def _is_whole(number: Number, written: str) -> bool:
    """Whether it is the number, and not the end of one that a time or a sum of money holds by chance."""
    whole = len(_digits(written)) >= min(_WHOLE, len(number.digits))
    return whole or _NARROW.fullmatch(written) is not None


def _end(number: Number, plain: str, end: int) -> int | None:
    if number.extension:
        extension = _extension(number.extension).match(plain, end)
        if extension is not None:
            return extension.end()
    return None if plain[end : end + 1].isdigit() else end


def _sign(plain: str, begin: int) -> int:
    return begin - 1 if plain[begin - 1 : begin] == "+" else begin


@lru_cache(maxsize=512)
def _extension(extension: str) -> re.Pattern[str]:
    return re.compile(rf"{_EXTENSION}{extension}(?!\d)", re.IGNORECASE)


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))
