"""JSON as it arrives: read strictly, with every text in it fit to be kept."""

import json
from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, NoReturn

from api.advice import FieldError, printable
from api.problems import wrong
from cases.sealed import TOKEN

_NUL = "contains the character NUL (U+0000), which no record can hold; leave it out"
_BROKEN = "is not UTF-8; send the text in UTF-8"
_HALF = "contains half of a surrogate pair, which is no character; send the whole text"
_SEALED = "reads like a text that the service has sealed; write what is meant in plain words"
_LONGEST_NAME = 100


def read_json(body: bytes) -> Any:
    """The document in a body.

    Raises:
        ProblemError: it is no JSON, not in UTF-8, or a text in it has characters that cannot be kept; names the field.
    """
    # Broken bytes become lone surrogates, so that the field they stand in can still be found and named.
    text = body.decode("utf-8-sig", errors="surrogateescape")
    try:
        document = json.loads(text, parse_constant=_no_number, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        if any(map(_is_escaped_byte, text)):
            raise wrong([FieldError(field="body", detail=_BROKEN)], HTTPStatus.BAD_REQUEST) from None
        detail = f"is not JSON: {error.msg} in line {error.lineno}, column {error.colno}; correct it there"
        raise wrong([FieldError(field="body", detail=detail)], HTTPStatus.BAD_REQUEST) from None
    except _TwiceError as error:
        detail = "stands twice in one object; write it once"
        raise wrong([FieldError(field=printable(error.name)[:_LONGEST_NAME] or "body", detail=detail)]) from None
    except RecursionError:
        raise wrong([FieldError(field="body", detail="is nested too deeply; send a plain object")]) from None
    except ValueError as error:
        raise wrong([FieldError(field="body", detail=f"has a number that is none: {error}")]) from None
    faults = list(_faults(document))
    if faults:
        broken = any(fault.detail == _BROKEN for fault in faults)
        raise wrong(faults, HTTPStatus.BAD_REQUEST if broken else HTTPStatus.UNPROCESSABLE_ENTITY)
    return document


def fault(text: str) -> str | None:
    """What makes a text unfit to be kept, if anything does."""
    # Kept as it is, a sealed text would be opened for whoever may read what it was put into.
    if "sealed." in text and TOKEN.search(text):
        return _SEALED
    if text.isascii():
        return _NUL if "\x00" in text else None
    if any(map(_is_escaped_byte, text)):
        return _BROKEN
    if any("\ud800" <= character <= "\udfff" for character in text):
        return _HALF
    return _NUL if "\x00" in text else None


def _faults(document: Any) -> Iterator[FieldError]:
    left = [("", document)]
    while left:
        path, value = left.pop()
        if isinstance(value, dict):
            for name, inner in value.items():
                inside = f"{path}.{name}"[-_LONGEST_NAME:].lstrip(".")
                if problem := fault(name):
                    yield FieldError(field=printable(inside), detail=f"its name {problem}")
                left.append((inside, inner))
        elif isinstance(value, list):
            left.extend((f"{path}.{index}".lstrip("."), inner) for index, inner in enumerate(value))
        elif isinstance(value, str) and (problem := fault(value)):
            yield FieldError(field=printable(path) or "body", detail=problem)


def _is_escaped_byte(character: str) -> bool:
    return "\udc80" <= character <= "\udcff"


class _TwiceError(Exception):
    """A name stands twice in one object: which of the two is meant, nobody knows."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        raise _TwiceError(Counter(name for name, _ in pairs).most_common(1)[0][0])
    return document


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name}; leave the field out instead")
