"""What workflows ask of activities: names and inputs, free of everything that activities import."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import AwareDatetime, Field, model_validator
from pydantic_core import to_json

from cases.adoption import Fate
from cases.case import Case
from cases.commands import Command
from cases.drift import Drift
from cases.effects import Effect
from cases.events import Event
from cases.notice import Notice
from cases.order_form import OrderForm
from cases.vocabulary import Code, Note, Value

RECORD = "record"
REWRITE = "rewrite"
READ_HISTORY = "read_history"
DELIVER_ORDER = "deliver_order"
SEND_NOTICE = "send_notice"
TELL_CASE = "tell_case"
FIND_CASES = "find_cases"
ADOPT = "adopt"
ERASE_DUE = "erase_due"
SETTLE_ERASED = "settle_erased"
DROP_LEFTOVERS = "drop_leftovers"
SURVEY = "survey_records"
MEND = "mend_records"
CONCLUDE = "conclude_reconciliation"

MOST_BYTES = 1_000_000
"""What one message to the engine may hold in events: half of what its server takes, for the rest of the message."""


class Delivery(Value):
    """What became of an order that was delivered.

    `taken` tells whether a system has it; a unit without one reads its mailbox. Its `answer`, if it gave one at once,
    signs for the order or disputes it, with `reason`, `evidence` and the unit that it proposes (Art. 12).
    """

    taken: bool
    answer: Literal["accepted", "refused"] | None = None
    note: Note = ""
    reason: Note = ""
    evidence: Note = ""
    proposed: Code | None = None

    @model_validator(mode="before")
    @classmethod
    def _as_told_before(cls, given: Any) -> Any:
        """An earlier release answered with yes or no."""
        return {"taken": given} if isinstance(given, bool) else given


class RecordRequest(Value):
    """Events to write into the register, and the case they add up to where that is at hand.

    With them goes what they owe: what units are told, and the notices to people. `at_once` are the keys of the orders
    that nobody has tried to deliver: once they are written, they may be.
    """

    number: str
    events: tuple[Event, ...]
    case: Case | None = None
    orders: tuple[OrderForm, ...] = ()
    notices: tuple[Notice, ...] = ()
    at_once: tuple[str, ...] = ()


class Recorded(Value):
    """What was recorded. `in_mailbox` are the keys of the orders to units that have no system: no more is owed them.

    `delivered` are those that a system has taken at once, with its answers.
    """

    in_mailbox: tuple[str, ...] = ()
    delivered: dict[str, Delivery] = Field(default_factory=dict)


class HistoryRequest(Value):
    """Asks for what is recorded of a case after its event `after`."""

    number: str
    after: int = 0


class HistoryPart(Value):
    """Some of the recorded events of a case, one after the other; `more` says that others follow."""

    events: tuple[Event, ...]
    more: bool


def fitting(events: Sequence[Event], with_them: Mapping[int, Sequence[Value]] | None = None) -> int:
    """How many of some events, from the first on and at least that one, fit into one message to the engine.

    The engine's server takes two megabytes at once, and ends or stops for good whatever hands it more.

    Args:
        events: The events.
        with_them: What else goes with each of them, by its number.
    """
    size = 0
    for count, event in enumerate(events):
        size += weight(event) + sum(map(weight, (with_them or {}).get(event.seq, ())))
        if size > MOST_BYTES and count > 0:
            return count
    return len(events)


def weight(value: Value) -> int:
    """How many bytes an event, or something like it, takes in a message."""
    return len(to_json(value)) + 1


class CaseMessage(Value):
    """A command that one case gives another."""

    number: str
    command: Command


class Ruling(Value):
    """A version that came into force at a moment. In the demonstration its clocks run `speed` times as fast."""

    policy: str
    version: str
    speed: int | None = None
    since: AwareDatetime


class Search(Value):
    """Asks for a page of the open cases that are not held to a version.

    `after` are version and number of the last case of the page before. Cases that the register knew by `came_after` are
    left out, and those that came later than `fresh_after` are marked.
    """

    ruling: Ruling
    after: tuple[str, str] = ("", "")
    came_after: AwareDatetime | None = None
    fresh_after: AwareDatetime
    limit: int


class Found(Value):
    """A page of cases, and where the next one begins; the last page has no `next`. `fresh` came in just now.

    `open` is how many open cases there are that are not held to the version; it is told with the first page. If
    `untouched`, the version leaves all of them as they are, and there is no need to go through them.
    """

    numbers: tuple[str, ...] = ()
    fresh: tuple[str, ...] = ()
    next: tuple[str, str] | None = None
    open: int = 0
    untouched: bool = False


class Adoption(Value):
    """Asks that some cases adopt what a version of their policy offers them."""

    ruling: Ruling
    numbers: tuple[str, ...]


class Told(Value):
    """A case of which somebody should know, and why."""

    number: str
    fate: Fate
    why: str


class Adopted(Value):
    """What became of some cases: how many met which fate, and those of which somebody should know."""

    counts: dict[Fate, int] = Field(default_factory=dict)
    told: tuple[Told, ...] = ()


class NoticeRequest(Value):
    """A notice to somebody about a case."""

    effect: Effect
    number: str


class DuePlace(Value):
    """Where a way through the cases that are due for erasing stands: after which one, of which policy."""

    policy: str
    closed_at: AwareDatetime
    number: str


class ErasingPage(Value):
    """Asks for the erasing of cases whose time is over at a moment: so many, after one, and so many a second."""

    now: AwareDatetime
    after: DuePlace | None = None
    limit: int
    a_second: float


class Erased(Value):
    """What came of a page: how many were `erased`, how many could not be, and where the next page begins, if any."""

    erased: int
    failed: int
    next: DuePlace | None = None


class SettlingPage(Value):
    """Asks to see to what is left outside the register of erased cases: of so many, after one."""

    after: str = ""
    limit: int


class Settled(Value):
    """How many were settled; where the next page begins, if any."""

    settled: int
    next: str | None = None


class Standing(Value):
    """How far a run of a case is: how many events it knows to be recorded, and the layout that it was begun in."""

    recorded: int
    layout: int


Life = Literal["running", "ended", "stopped", "unknown"]
"""What the engine knows of a case's last run: it lives; it ended by itself; it was stopped or broke; there is none."""

Side = Literal["engine", "register"]
"""From which side cases are looked at: those that the engine holds; those that the register holds to be open."""


class SurveyPage(Value):
    """Asks for a look at a page of cases, after the last one of the page before, so many and so many a second."""

    side: Side
    after: str = ""
    limit: int
    a_second: float


class Surveyed(Value):
    """How many cases of a page were compared, those that are to be looked at again, and where the next page begins."""

    cases: int
    suspects: tuple[str, ...] = ()
    next: str | None = None


class Mending(Value):
    """Asks for a second look at some cases, and that what is still wrong be mended, unless this is a `dry_run`.

    Only with `revive` are cases started again that no workflow watches.
    """

    side: Side
    numbers: tuple[str, ...]
    dry_run: bool
    revive: bool
    a_second: float


class Drifted(Value):
    """A record that drifted, and whether it is `mended`. `what` are the columns or keys, or why it could not be."""

    number: str
    kind: Drift
    mended: bool
    what: str = ""


class Mended(Value):
    """What a second look found."""

    drifted: tuple[Drifted, ...] = ()


class Tally(Value):
    """How many records drifted in a way, and how many of them are `left` as they are."""

    found: int = 0
    left: int = 0


class Reconciled(Value):
    """What a whole way came to: the cases compared, and how many drifted in which way."""

    cases: int
    tallies: dict[Drift, Tally]
    dry_run: bool
