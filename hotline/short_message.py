"""How many parts a short message takes, by the character sets of GSM 03.38."""

_PLAIN = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€")
"""Characters that take two places."""


def segments(text: str) -> int:
    """Parts that a text is sent in: of 153 characters where the plain set will do, else of 67, as Chinese always is.

    A text that fits into one part has 160 or 70.
    """
    if all(one in _PLAIN or one in _EXTENDED for one in text):
        length, whole, part = len(text) + sum(one in _EXTENDED for one in text), 160, 153
    else:
        length, whole, part = len(text.encode("utf-16-le")) // 2, 70, 67
    return 1 if length <= whole else -(-length // part)
