"""Who may do and see what: every act of a case and every kind of looking, by role and scope, in one table.

Whatever asks for rights asks here: the rules of a case, the doors of the API, what is offered to whom, and the page
that tells of it. A row is named as its act is, or as what is looked at. A cell says of which cases it holds:

    all       every case
    source    every case, or those of the one source that the key is bound to
    part      those in which its unit has the part that the act is about; to look, any part, also an earlier one
    district  those of the units of its district; for an act, those of which the district supervises that very part
    past      none: every door is shut. Earlier releases took it, and their histories must come to the same again
    -         none

Nobody decides about themselves: a district grants its units more time and puts their cases on account, but nothing of
an order that it holds itself. It does not urge, which is the complainant's and counted as theirs: it supervises
(Art. 12, 16). An administrator runs the service and acts on no case: whoever must step in makes a key of the right
role, which leaves its trace. Who erases cases does not lift what holds them; who audits changes nothing.
"""

from collections.abc import Iterator
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from cases.vocabulary import Role

ROLES = tuple(role for role in Role if role is not Role.SYSTEM)
"""The roles of people and machines, in the order of the columns; the service itself may do everything."""

TABLE = """
                   intake  desk  clerk  lead  district  supervisor  evaluator  auditor  admin
# What is done with a case
receive            source  all   -      -     -         all         -          -        past   | take a complaint in
answer             -       all   -      -     -         all         -          -        past   | answer a consultation
not_dispatch       -       all   -      -     -         all         -          -        past   | send it to no unit
consult            -       all   -      -     -         all         -          -        past   | ask units whose it is
dispatch           -       all   -      -     -         all         -          -        past   | send it to a unit
designate          -       -     -      -     district  all         -          -        past   | decide whose it is
reassign           -       all   -      -     -         all         -          -        past   | give it to another
adjudicate         -       all   -      -     -         all         -          -        past   | decide an objection
acknowledge        -       -     part   part  -         -           -          -        past   | sign for the order
return             -       -     -      part  -         -           -          -        past   | dispute the order
contact            -       -     part   part  -         -           -          -        past   | tell of a contact
progress           -       -     part   part  -         -           -          -        past   | reply in between
report             -       -     -      part  -         -           -          -        past   | report the result
request_extension  -       -     -      part  -         -           -          -        past   | ask for more time
decide_extension   -       -     -      -     district  all         -          -        past   | grant more time
wait               past    all   part   part  -         all         -          -        past   | wait for complainant
hold               -       -     -      -     district  all         -          -        past   | put it on account
review             past    all   -      part  district  all         -          -        past   | review the account
resume             past    all   part   part  district  all         -          -        past   | go on with it
escalate           -       -     -      part  -         -           -          -        past   | ask help from above
whistle            -       -     -      part  -         -           -          -        past   | call units in
assist_acknowledge -       -     part   part  -         -           -          -        past   | sign for a call
assist_refuse      -       -     -      part  -         -           -          -        past   | refuse a call
assist_adjudicate  -       all   -      part  district  all         -          -        past   | decide on a refusal
assist_progress    -       -     part   part  -         -           -          -        past   | tell of its part
assist_report      -       -     -      part  -         -           -          -        past   | report its part
callback           -       all   -      -     -         all         -          -        past   | call back
withdraw           source  all   -      -     -         all         -          -        past   | withdraw it
supplement         source  all   part   part  district  all         -          -        past   | add to it
urge               source  all   -      -     -         all         -          -        past   | urge the unit
rate               source  all   -      -     -         all         -          -        past   | rate the handling
reopen             source  all   -      -     -         all         -          -        past   | open it again
appeal             source  all   -      -     -         all         -          -        past   | appeal
supervise          -       all   -      -     district  all         -          -        past   | supervise it
close              -       -     -      -     -         all         -          -        past   | end it unsolved
join               -       all   -      -     -         all         -          -        past   | join an incident
note               source  all   part   part  district  all         -          -        past   | keep a note
retry_delivery     -       all   -      -     -         all         -          -        all    | deliver it again
adopt              -       -     -      -     -         -           -          -        past   | take new terms
repeat             -       -     -      -     -         -           -          -        past   | hear of a repeat
follow             -       -     -      -     -         -           -          -        past   | hear of a follower
relay              -       -     -      -     -         -           -          -        past   | hear of its incident
attach             source  all   part   part  district  all         -          -        -      | add a file
mark_caller        -       all   -      -     -         all         -          -        -      | mark a repeat caller
legal_hold         -       -     -      -     -         all         -          -        -      | keep from erasure
erase              -       -     -      -     -         -           -          -        all    | erase its person

# What is seen of cases
list               source  all   part   part  district  all         all        all      all    | lists of cases
look               source  all   part   part  district  all         all        all      all    | a case, masked
events             source  all   part   part  district  all         all        all      all    | what happened
explain            source  all   part   part  district  all         all        all      all    | why it is where it is
reveal             source  all   part   part  district  all         -          all      -      | contact in clear
attachment         source  all   part   part  district  all         -          all      -      | its files
candidates         source  all   -      -     -         all         -          -        -      | cases like it

# The service itself
catalogue          all     all   all    all   all       all         all        all      all    | units, categories
mailbox            -       all   part   part  -         all         -          all      all    | a unit's mailbox
deliveries         -       all   part   part  -         all         -          all      all    | stuck deliveries
notices            -       all   -      -     -         all         -          all      all    | notices sent
retry_notice       -       all   -      -     -         all         -          -        all    | send one again
unit_system        -       -     -      -     -         -           -          all      all    | a unit's system
set_unit_system    -       -     -      -     -         -           -          -        all    | change it
erasures           -       -     -      -     -         -           -          all      all    | what was erased
audit              -       -     -      -     -         -           -          all      all    | the audit trail
codec              -       -     -      -     -         -           -          all      all    | the engine's payloads
"""


class Scope(StrEnum):
    """Of which cases a right holds."""

    EVERY = "all"
    SOURCE = "source"
    PART = "part"
    DISTRICT = "district"
    PAST = "past"
    NOTHING = "-"

    @property
    def is_open(self) -> bool:
        """Whether there is anything that it lets somebody do today."""
        return self not in (Scope.PAST, Scope.NOTHING)


class Right(NamedTuple):
    """A row of the table: an act or a kind of looking, what it is, and its scope for each role."""

    name: str
    about: str
    scopes: MappingProxyType[Role, Scope]

    @property
    def roles(self) -> frozenset[Role]:
        """The roles that it is open to."""
        return frozenset(role for role, scope in self.scopes.items() if scope.is_open)


def _sections() -> Iterator[tuple[str, tuple[Right, ...]]]:
    heads, *sections = TABLE.strip("\n").split("\n# ")
    if heads.split() != [role.removeprefix("unit_") for role in ROLES]:
        raise ValueError(f"the columns of the table must be {', '.join(ROLES)}")
    for section in sections:
        title, *lines = section.strip().splitlines()
        yield title, tuple(_right(line) for line in lines)


def _right(line: str) -> Right:
    cells, _, about = line.partition("|")
    name, *scopes = cells.split()
    return Right(name, about.strip(), MappingProxyType(dict(zip(ROLES, map(Scope, scopes), strict=True))))


SECTIONS = tuple(_sections())
"""The table as it is read: the headings, each with its rows."""

RIGHTS = MappingProxyType({right.name: right for _, rows in SECTIONS for right in rows})
"""Every row by its name."""


def scope(name: str, role: Role) -> Scope:
    """Of which cases a role may do or see what a row is about. The service itself may do everything.

    Raises:
        KeyError: the table has no such row.
    """
    return Scope.EVERY if role is Role.SYSTEM else RIGHTS[name].scopes[role]


def acts_for(role: Role) -> bool:
    """Whether a role acts for a unit or a district, which it cannot do without naming one."""
    return role.of_unit or role is Role.DISTRICT
