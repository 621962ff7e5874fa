"""The table of rights as a sheet on the terminal, and as the tables of docs/access.md."""

import re
from collections.abc import Iterator

from cases.rights import RIGHTS, ROLES, SECTIONS, Right, Scope
from cases.vocabulary import Role

_SHORT = {
    Role.UNIT_CLERK: "clerk",
    Role.UNIT_LEAD: "lead",
    Role.SUPERVISOR: "superv.",
    Role.EVALUATOR: "eval.",
    Role.AUDITOR: "audit.",
}
_NAMES = max(map(len, RIGHTS)) + 1
_LEGEND = {
    Scope.EVERY: "every case",
    Scope.SOURCE: "every case, or those of the source that the key is bound to",
    Scope.PART: "where its unit has the part that it is about",
    Scope.DISTRICT: "where its district supervises the part that it is about",
    Scope.PAST: "refused; only histories of earlier releases still tell of it",
    Scope.NOTHING: "not at all",
}
_GENERATED = re.compile(r"(<!-- rights -->\n).*?(<!-- end -->)", re.DOTALL)


def sheet(width: int) -> str:
    """The whole table for a terminal of so many columns; with room enough each row says what it is."""
    heads = [_SHORT.get(role, role.value) for role in ROLES]
    lines = [" " * _NAMES + " ".join(heads)]
    for title, rights in SECTIONS:
        lines += ["", title]
        for right in rights:
            cells = (right.scopes[role].ljust(len(head)) for role, head in zip(ROLES, heads, strict=True))
            line = f"{right.name:<{_NAMES}}{' '.join(cells)}"
            told = f"{line}  {right.about}"
            lines.append(told if len(told) <= width else line.rstrip())
    return "\n".join([*lines, "", *(f"{scope.value:<9} {told}" for scope, told in _LEGEND.items())])


def sheet_of(role: Role) -> str:
    """What one role may do and see, a line each."""
    lines = []
    for title, rights in SECTIONS:
        held = [right for right in rights if right.scopes[role].is_open]
        lines += ["", title] if held else []
        lines += [f"  {right.name:<{_NAMES}} {right.scopes[role]:<9} {right.about}" for right in held]
    return "\n".join(lines[1:])


def renewed(page: str) -> str:
    """The page docs/access.md with its tables as they must be.

    Raises:
        ValueError: the page has no place for them.
    """
    if not _GENERATED.search(page):
        raise ValueError("the page has no place for the tables: <!-- rights --> and <!-- end -->")
    return _GENERATED.sub(lambda found: f"{found[1]}{_tables()}\n{found[2]}", page)


def _tables() -> str:
    return "\n\n".join(f"### {title}\n\n" + "\n".join(_table(rights)) for title, rights in SECTIONS)


def _table(rights: tuple[Right, ...]) -> Iterator[str]:
    yield f"| | {' | '.join(f'`{role}`' for role in ROLES)} | what it is | by |"
    yield "|---" * (len(ROLES) + 3) + "|"
    for right in rights:
        cells = (" " if held is Scope.NOTHING else f" {held.value} " for held in right.scopes.values())
        yield f"| `{right.name}` |{'|'.join(cells)}| {right.about} | {_doors(right)} |"


def _doors(right: Right) -> str:
    from api.access import ROWS

    routes = [route.replace("/v1/", "/", 1) for route, row in ROWS.items() if row == right.name]
    return "<br>".join(f"`{route}`" for route in routes) or "the service itself"
