"""`hotline rights`: who may do and see what."""

from typing import Annotated

import typer
from rich.console import Console

from hotline.errors import UsageError
from hotline.told import told


@told
def rights(
    role: Annotated[str | None, typer.Argument(metavar="ROLE", help="Only what this role may do and see.")] = None,
) -> None:
    """Show who may do and see what: every act and every kind of looking, by role, and of which cases."""
    from cases.rights import ROLES
    from cases.vocabulary import Role
    from hotline import rights_sheet

    if role is None:
        typer.echo(rights_sheet.sheet(Console().width))
        return
    if role == "unit":
        raise UsageError("ROLE: there is no role 'unit' any more; see unit_lead, or unit_clerk for who may do less")
    if role not in ROLES:
        raise UsageError(f"ROLE: there is no role {role!r}; the roles are: {', '.join(ROLES)}")
    typer.echo(rights_sheet.sheet_of(Role(role)))
