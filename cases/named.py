"""Names as they stand in texts: without the titles and remarks they were left with, and in any order and spacing.

It reads folded texts: see `cases.folded`.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from cases.folded import Find, Span, each, fold

HAN = r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
LETTER = r"A-Za-z\u00c0-\u024f\u0370-\u052f\u1e00-\u1eff"

_HAN_FIRST = re.compile(f"[{HAN}]")
_COMPOUND = re.compile(
    "欧阳|太史|端木|上官|司马|东方|独孤|南宫|万俟|闻人|夏侯|诸葛|尉迟|公羊|赫连|澹台|皇甫|宗政|濮阳|公冶|太叔|申屠|公孙|"
    "慕容|仲孙|钟离|长孙|宇文|司徒|鲜于|司空|闾丘|子车|亓官|司寇|巫马|公西|颛孙|壤驷|公良|漆雕|乐正|宰父|谷梁|拓跋|夹谷|"
    "轩辕|令狐|段干|百里|呼延|东郭|南门|羊舌|微生|左丘|东门|西门|第五|歐陽|東方|獨孤|南宮|諸葛|尉遲|赫連|鍾離|長孫|軒轅"
)
"""Surnames of two characters."""

_WORD_ENDS = re.compile(r"[\s·・•‧]+")
_REMARK = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|〔[^〔〕]*〕|<[^<>]*>|《[^《》]*》")
_JOINED = re.compile(r"\s*(?:[/、;|&+\n]|\b(?:and|und|et)\b)\s*", re.IGNORECASE)
_JOINED_HAN = re.compile(rf"(?P<one>[{HAN}]{{2,4}})[和与與及跟或](?P<other>[{HAN}]{{2,4}})")
_CALLED_HAN = re.compile(
    "(?:先生|女士|小姐|太太|夫人|同志|老师|老師|师傅|師傅|医生|醫生|大夫|教授|经理|經理|主任|老板|老闆|阿姨|叔叔|大爷|大爺|"
    "大妈|大媽|大哥|大姐|奶奶|爷爷|爺爺|业主|業主|户主|戶主|本人|家属|家屬)+$"
)
_CALLED = re.compile(
    r"(?:mr|mrs|ms|miss|mx|dr|prof|professor|sir|madam|madame|mme|mlle|herr|frau|ing|jr|sr|ii|iii|phd|md|esq|senor|senora"
    r"|sra)\.?",
    re.IGNORECASE,
)
_HAN_GAP = r"(?:(?:[^\w,!?;:、。()*]|_){0,2}|\*)"
_GAP = r"(?:[^\w*]|_){0,3}"
_INITIAL = rf"(?:[{LETTER}]\.?{_GAP})?"


def people(name: str) -> list[list[str]]:
    """Whoever is named in what was left as a name: their words, folded, without titles and remarks."""
    plain = fold(name)
    rest = _REMARK.sub(" ", plain).strip()
    found = [words for one in _each(rest or plain) if (words := _words(one))]
    return found or [plain.split()]


def masked(words: list[str]) -> str:
    """A name, masked: 张三 is 张**, 欧阳建国 is 欧阳**, John Paul Smith is J*** S***."""
    first = words[0] if words else ""
    if _HAN_FIRST.match(first):
        whole = "".join(words)
        return f"{whole[: 2 if _COMPOUND.match(whole) and len(whole) > 2 else 1]}**"
    initials = [found for word in words if (found := next(filter(str.isalpha, word), ""))]
    return " ".join(f"{one}***" for one in [*initials[:1], *initials[1:][-1:]]) or "***"


def own(name: str) -> list[Find]:
    """Finds the names that somebody left. One of a single letter or character may be anything, and is not found."""
    return [_finder(words) for words in people(name) if sum(map(str.isalpha, "".join(words))) > 1]


def _finder(words: list[str]) -> Find:
    needed = {one.lower() for word in (words[0], words[-1]) for one in (word if _HAN_FIRST.match(word) else [word])}
    mask = masked(words)

    def find(plain: str) -> Iterable[Span]:
        lowered = plain.lower()
        # Most texts don't name anybody, and to make the pattern takes longer than to see that.
        if not all(one in lowered for one in needed):
            return ()
        return each(_pattern(tuple(words)), lambda _: mask)(plain)

    return find


@lru_cache(maxsize=2048)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(_called(list(words)), re.IGNORECASE)


def _each(names: str) -> Iterator[str]:
    for one in filter(None, _JOINED.split(names)):
        joined = _JOINED_HAN.fullmatch(one)
        # 和 may stand in a name as well, but hardly with as much on both sides.
        if joined is not None:
            yield from joined.groups()
        else:
            yield from _parted(one)


def _parted(name: str) -> list[str]:
    parts = [part for one in name.split(",") if (part := one.strip())]
    if len(parts) == 2 and min(len(one.split()) for one in parts) == 1 and not _HAN_FIRST.match(parts[0]):
        # Smith, John is one person.
        return [f"{parts[1]} {parts[0]}"]
    return parts


def _words(name: str) -> list[str]:
    words = [word for one in _WORD_ENDS.split(name) if (word := _bare(one))]
    while len(words) > 1 and _is_title(words[0]):
        words = words[1:]
    while len(words) > 1 and _is_title(words[-1]):
        words = words[:-1]
    if words and _HAN_FIRST.match(words[-1]):
        rest = _CALLED_HAN.sub("", words[-1])
        # A surname alone with a title is all there is of the name.
        if len("".join(words[:-1]) + rest) > 1:
            words = [*words[:-1], *([rest] if rest else [])]
    return words


def _bare(word: str) -> str:
    return re.sub(r"^[\W_]+|[\W_]+$", "", word)


def _is_title(word: str) -> bool:
    return _CALLED.fullmatch(word) is not None or _CALLED_HAN.fullmatch(word) is not None


def _called(words: list[str]) -> str:
    """A name as it may be written: spaced in another way, with the surname first, without those in between."""
    orders = [words, [words[-1], *words[:-1]], [words[0], words[-1]], [words[-1], words[0]]]
    if len(words) == 1:
        orders = [words]
    return "|".join(dict.fromkeys(map(_written, orders)))


def _written(words: list[str]) -> str:
    between = _GAP + (_INITIAL if re.match(f"[{LETTER}]", words[0]) else "")
    text = between.join(
        _HAN_GAP.join(map(re.escape, word)) if _HAN_FIRST.match(word) else re.escape(word) for word in words
    )
    begins = f"(?<![{LETTER}])" if re.match(f"[{LETTER}]", words[0]) else ""
    ends = f"(?![{LETTER}])" if re.search(f"[{LETTER}]$", words[-1]) else ""
    return f"{begins}{text}{ends}"
