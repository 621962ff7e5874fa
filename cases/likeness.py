"""How likely two complaints are one matter: scored by category, place, time and wording, each with its reason (Art. 9).

It only suggests. Whether two cases belong together, a person decides.
"""

import re
import unicodedata
from math import asin, cos, radians, sin, sqrt
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field

from cases.vocabulary import Complainant, Complaint, Location, Value

Share = Annotated[float, Field(ge=0, le=1)]

_EARTH = 6_371_000.0
"""Its mean radius in metres."""

_WHOLE_NUMBER = 10
"""Digits from which a telephone number is a whole one, so that the same number may stand behind a country's code."""

_LONGEST_CODE = 4
"""Digits that a country's code may have, its trunk prefix included."""

_SHORTEST = 7
"""Digits below which a number is a service's or an extension, and tells nobody apart."""


class Scale(Value):
    """What each sign weighs. The four weights add up to 1, so that the same place, hour, category and words are 1.

    The defaults are measured. Of cases that a city's clerks closed as duplicates, an earlier one of the same category
    lay within 500 m and 30 days for 95 in 100, but for 65 within 50 m and 3 days: so a place fades faster than
    linearly. Of letters to another city that belong to a known incident, 94 in 100 find one of their own whose wording
    is alike by 0.35 or more, among 200 of the same field; those between 0.25 and 0.3 were hardly ever one matter.

    `days` and `metres` are how far back and how far around to look. A place counts 1 on the spot and nothing at
    `metres`, as (1 - distance / metres) to the power of `fading`; the same area without a nearer sign counts `area`.
    Addresses count from `address_from` on. Wording counts from `text_from` on, wholly at `text_full`. The same person
    raises the score by its share `person`. What scores below `least` is no suggestion.
    """

    category: Share = 0.2
    place: Share = 0.3
    time: Share = 0.1
    text: Share = 0.4
    person: Share = 0.5
    days: Annotated[float, Field(gt=0)] = 30
    metres: Annotated[float, Field(gt=0)] = 500
    fading: Annotated[float, Field(gt=0)] = 1.5
    area: Share = 0.25
    address_from: Share = 0.85
    text_from: Share = 0.25
    text_full: Share = 0.55
    least: Share = 0.4


SCALE = Scale()


class Matter(Value):
    """What is compared of a complaint. `text` may be empty, while the complainant is still at the telephone."""

    category: str
    text: str = ""
    location: Location = Location()
    complainant: Complainant = Complainant()
    received_at: AwareDatetime

    @classmethod
    def of(cls, complaint: Complaint) -> Self:
        """The matter of a complaint."""
        return cls(
            category=complaint.category,
            text=f"{complaint.subject or ''} {complaint.description}".strip(),
            location=complaint.location,
            complainant=complaint.complainant,
            received_at=complaint.received_at,
        )


class Likeness(Value):
    """How alike two wordings are, from 0 to 1: their texts, and their addresses."""

    text: Share = 0.0
    address: Share = 0.0


Sign = Literal["category", "distance", "address", "area", "days", "wording", "phone", "email", "name_and_address"]


class Why(Value):
    """One sign that two complaints are one matter, in words and as a figure: metres, days, or a likeness."""

    sign: Sign
    told: str
    value: float | None = None


class Score(Value):
    """How likely two complaints are one matter. `repeat`: the same person's; `incident`: somebody else's."""

    kind: Literal["repeat", "incident"]
    score: Share
    reasons: tuple[Why, ...]


def score(new: Matter, earlier: Matter, alike: Likeness, scale: Scale = SCALE) -> Score:
    """How likely a new complaint brings an earlier one's matter. Says nothing that identifies the other complainant."""
    days = max(0.0, (new.received_at - earlier.received_at).total_seconds() / 86_400)
    place, placed = _place(new.location, earlier.location, alike.address, scale)
    wording = (alike.text - scale.text_from) / max(scale.text_full - scale.text_from, 1e-9)
    same_category = new.category == earlier.category
    person = same_person(new, earlier)
    matter = (
        scale.category * same_category
        + scale.place * place
        + scale.time * max(0.0, 1 - days / scale.days)
        + scale.text * min(1.0, max(0.0, wording))
    )
    reasons = [
        *([Why(sign="category", told="the same category")] if same_category else []),
        *([placed] if placed else []),
        Why(sign="days", told=_told_days(days), value=round(days, 2)),
        *([Why(sign="wording", told=f"likeness {alike.text:.2f}", value=round(alike.text, 2))] if wording > 0 else []),
        *([person] if person else []),
    ]
    return Score(
        kind="repeat" if person else "incident",
        score=round(min(1.0, matter * (1 + scale.person if person else 1)), 3),
        reasons=tuple(reasons),
    )


def same_person(new: Matter, earlier: Matter) -> Why | None:
    """By what two complaints seem to be the same person's: telephone, e-mail, or name and address; none if not."""
    one, other = new.complainant, earlier.complainant
    if one.phone and other.phone and _same_number(_digits(one.phone), _digits(other.phone)):
        return Why(sign="phone", told="the same telephone number")
    if one.email and other.email and _plain(one.email) == _plain(other.email):
        return Why(sign="email", told="the same e-mail address")
    named = [one.name, other.name, new.location.address, earlier.location.address]
    plain = [_plain(text or "") for text in named]
    if all(plain) and plain[0] == plain[1] and plain[2] == plain[3]:
        return Why(sign="name_and_address", told="the same name and address")
    return None


def distance(one: Location, other: Location) -> float | None:
    """Metres between two places, along the great circle; none unless both have coordinates."""
    degrees = (one.latitude, one.longitude, other.latitude, other.longitude)
    if any(part is None for part in degrees):
        return None
    north, east, other_north, other_east = (radians(part) for part in degrees if part is not None)
    half = sin((other_north - north) / 2) ** 2 + cos(north) * cos(other_north) * sin((other_east - east) / 2) ** 2
    return 2 * _EARTH * asin(sqrt(min(1.0, half)))


def _place(new: Location, earlier: Location, address: float, scale: Scale) -> tuple[float, Why | None]:
    """What the places count, and why: by coordinates where both have some, else by address, else by area."""
    apart = distance(new, earlier)
    if apart is not None:
        if apart >= scale.metres:
            return 0.0, None
        told = Why(sign="distance", told=f"{apart:.0f} metres apart", value=round(apart))
        return (1 - apart / scale.metres) ** scale.fading, told
    if address >= scale.address_from:
        return address, Why(sign="address", told=f"addresses alike by {address:.2f}", value=round(address, 2))
    if new.area is not None and new.area == earlier.area:
        return scale.area, Why(sign="area", told="the same area")
    return 0.0, None


def _told_days(days: float) -> str:
    hours = round(days * 24)
    if hours < 1:
        return "in the same hour"
    if hours < 48:
        return f"{hours} hour{'s' if hours > 1 else ''} before"
    return f"{round(days)} days before"


def _digits(phone: str) -> str:
    return re.sub(r"\D", "", phone).lstrip("0")


def _same_number(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    if len(short) < _SHORTEST or len(set(short)) == 1:
        return False
    front = len(long) - len(short)
    return one == other or (len(short) >= _WHOLE_NUMBER and front <= _LONGEST_CODE and long.endswith(short))


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum() or character == "@")
