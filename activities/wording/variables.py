"""What a template may say of a notice: every variable, put into words of one language and the city's zone."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from activities.wording.templates import spoken
from cases.city import City
from cases.events import Breached, Escalated, Received, Warned
from cases.limits import Budget
from cases.notice import Notice
from cases.view import DeadlineView
from cases.vocabulary import Outcome

Say = Callable[..., str | None]
"""A word of a language's `words.toml`, by its table and name, filled in with what it is given; none if it has none."""

_LIMIT_OF_INTEREST = {
    "extended": "resolution",
    "extension_granted": "resolution",
    "extension_refused": "resolution",
    "extension_requested": "extension",
    "objected": "adjudication",
    "objection_rejected": "acknowledgment",
    "undelivered": "acknowledgment",
}
"""Of which limit a notice tells when it runs out, where it is not the next one of whoever reads it."""

_LIMITS_OF_COMPLAINANTS = ("resolution", "dispatch", "callback")
_UNITS = frozenset({"unit", "lead", "copy_to", "proposed", "to"})
_WITHHELD = frozenset({"type", "complaint", "terms", "ground", "to_desk"})
"""Members of facts that hold the whole complaint, or are no words; of a ground there is what the complainant was told.
"""

_BY_THE_SERVICE = ("not solved after ", "not reached in ", "the case ended", "the complainant says it is not solved")
"""How reasons begin that nobody wrote: the service's own, in English. The texts say what has happened without them."""


def variables(notice: Notice, language: str, city: City, say: Say) -> dict[str, Any]:
    """Everything a template may use. What there is none of is empty, so that `{% if due %}` will do."""
    policy, catalogue = city.policy, city.catalogue
    words = _InWords(language, city, say)
    subject, category = notice.subject or "", words.title(catalogue.categories, notice.category)
    deadline = _deadline(notice)
    change = words.members(notice.change, notice.at)
    alarm = notice.change if isinstance(notice.change, Warned | Breached | Escalated) else None
    if alarm:
        change["unit"] = words.duty(notice, alarm)
    found = {
        "number": notice.case_number,
        "kind": words.word("kinds", notice.kind),
        "level": words.title(policy.levels, notice.level),
        "category": category,
        "subject": subject,
        "matter": subject or category,
        "area": words.title(catalogue.units, notice.location.area),
        "address": notice.location.address or "",
        "unit": words.title(catalogue.units, notice.unit),
        "to": words.title(catalogue.units, notice.to.partition(":")[2]),
        "service": words.choice(policy.title) or policy.policy,
        "received": words.moment(notice.received_at, notice.at),
        "at": words.moment(notice.at, notice.at),
        "due": change["due_at"] if alarm else words.moment(deadline.due_at, notice.at) if deadline else "",
        "limit": change["deadline"] if alarm else words.word("limits", deadline.name) if deadline else "",
        "outcome": change.get("outcome") or words.word("outcomes", notice.outcome),
        "reason": notice.reason or change.get("reason", ""),
        "change": change,
    }
    return found | {"brief": say("phrases", "brief", **found) or notice.case_number}


def moment(at: datetime, beside: datetime, zone: ZoneInfo, say: Say) -> str:
    """A moment by the city's clocks as the language writes it; `this_year` is that of the other moment."""
    local = at.astimezone(zone)
    parts = {name: getattr(local, name) for name in ("year", "month", "day", "hour", "minute")}
    parts |= {"weekday": local.isoweekday(), "time": f"{local:%H:%M}", "this_year": beside.astimezone(zone).year}
    return say("times", "moment", **parts) or f"{local:%Y-%m-%d %H:%M}"


class _InWords:
    """Puts values into words of a language."""

    def __init__(self, language: str, city: City, say: Say) -> None:
        self._languages = tuple(spoken(language, city.policy.notices.language))
        self._city = city
        self._say = say

    def word(self, table: str, name: str | None) -> str:
        return (self._say(table, name) or name.replace("_", " ")) if name else ""

    def moment(self, at: datetime, beside: datetime) -> str:
        return moment(at, beside, self._city.policy.city_zone, self._say)

    def title(self, of: Mapping[str, Any], code: str | None) -> str:
        """What something is called, or its code where the city no longer has it."""
        if not code:
            return ""
        return (self.choice(of[code].title) if code in of else "") or code

    def choice(self, titles: Mapping[str, str]) -> str:
        found = (titles[language] for language in self._languages if language in titles)
        return next(found, next(iter(titles.values()), ""))

    def duty(self, notice: Notice, alarm: Warned | Breached | Escalated) -> str:
        """Who was to meet a limit: a unit, or whoever decides where none has the duty."""
        name = alarm.deadline.partition("/")[0]
        if name == "assist_adjudication" and notice.audience == "unit":
            return self.title(self._city.catalogue.units, notice.to.partition(":")[2])
        deciding = {"extension": "supervisor", "assist_adjudication": "district"}.get(name, "desk")
        return self.title(self._city.catalogue.units, alarm.unit) or self.word("people", deciding)

    def members(self, fact: BaseModel, beside: datetime) -> dict[str, Any]:
        found = {
            name: self._value(name, getattr(fact, name), beside)
            for name in type(fact).model_fields
            if name not in _WITHHELD
        }
        ground = getattr(fact, "ground", None)
        if ground is not None:
            found["told"], found["ground"] = ground.told, self.word("grounds", ground.ground)
        if isinstance(fact, Received):
            found["answer_within"] = self.span(fact.terms.resolve.within)
            found["answer_from"] = self.word("anchors", fact.terms.resolve.counts_from)
        if str(found.get("reason", "")).startswith(_BY_THE_SERVICE):
            found["reason"] = ""
        return found

    def span(self, budget: Budget) -> str:
        return self._say("spans", budget.unit, n=budget.amount) or str(budget)

    def _value(self, name: str, value: Any, beside: datetime) -> Any:
        if value is None:
            return ""
        if isinstance(value, tuple):
            return tuple(self._value(name, one, beside) for one in value)
        if isinstance(value, datetime):
            return self.moment(value, beside)
        if isinstance(value, Budget):
            return self.span(value)
        if isinstance(value, Outcome):
            return self.word("outcomes", value)
        if name == "deadline":
            return self.word("limits", value.partition("/")[0])
        if name in _UNITS or name == "units":
            return (
                self.title(self._city.catalogue.units, value) if value != "supervisor" else self.word("people", value)
            )
        return value


def _deadline(notice: Notice) -> DeadlineView | None:
    """The deadline that whoever reads the notice wants to know."""
    named = _LIMIT_OF_INTEREST.get(notice.about)
    found = [one for one in notice.deadlines if one.name == named]
    if not found and notice.audience == "complainant":
        found = [one for name in _LIMITS_OF_COMPLAINANTS for one in notice.deadlines if one.name == name]
    elif not found and notice.audience == "unit":
        found = [one for one in notice.deadlines if one.unit == notice.to.partition(":")[2]]
    elif not found:
        found = [one for one in notice.deadlines if one.unit is None] or list(notice.deadlines)
    return found[0] if found else None
