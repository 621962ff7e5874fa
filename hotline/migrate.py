"""`hotline migrate`: bringing the schema of the register up to this release, before its processes run."""

import typer

from hotline import stack
from hotline.told import settings, told


@told
def migrate() -> None:
    """Bring the schema of the register's database up to this release.

    The service's start does it too; this is for those who roll a release out
    process by process. What runs meanwhile goes on.
    """
    from records.database import migrate as bring_up

    typer.echo(f"the schema is {bring_up(stack.database_url(stack.resolve(settings())))}")
