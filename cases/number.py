"""The case number: what a caller is given, reads aloud and types in again.

`ACA7-T1N1-2FNG-H`: twelve characters of Crockford's base32 (no I, L, O, U) and his check symbol, value modulo 37.
Numbers whose check symbol would be punctuation are not given out, so that every number can be spoken and stands in an
address as it is. A number is derived from the source and the source's own reference alone, without a date: an intake
service that asks again after midnight must get the number it was given before.
"""

import hashlib
import re
import secrets

from cases.errors import InvalidError

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES = str.maketrans({"I": "1", "L": "1", "O": "0", " ": None, "-": None})
_FORM = re.compile(rf"^[{_ALPHABET}]{{13}}$")


def derive(source: str, source_ref: str) -> str:
    """The number for a source's own reference: always the same one."""
    return _first_speakable(f"{source}\0{source_ref}".encode())


def draw() -> str:
    """A number for a complaint whose source gives no reference."""
    return _first_speakable(secrets.token_bytes(32))


def parse(text: str) -> str:
    """The canonical spelling of a number somebody typed.

    Raises:
        InvalidError: it is not a case number, or a character was mistyped.
    """
    plain = text.upper().translate(_LOOKALIKES)
    if not _FORM.match(plain):
        raise InvalidError("number", "not a case number; one looks like ACA7-T1N1-2FNG-H")
    if _value(plain[:12]) % 37 != _ALPHABET.index(plain[12]):
        raise InvalidError("number", "mistyped: the last character does not fit the others; read the number again")
    return _spell(plain)


def _first_speakable(seed: bytes) -> str:
    digest = hashlib.sha256(seed).digest()
    while (check := (value := int.from_bytes(digest[:8], "big") >> 4) % 37) >= len(_ALPHABET):
        digest = hashlib.sha256(digest).digest()
    body = "".join(_ALPHABET[value >> shift & 31] for shift in range(55, -1, -5))
    return _spell(body + _ALPHABET[check])


def _value(body: str) -> int:
    value = 0
    for character in body:
        value = value * 32 + _ALPHABET.index(character)
    return value


def _spell(plain: str) -> str:
    return f"{plain[:4]}-{plain[4:8]}-{plain[8:12]}-{plain[12]}"
