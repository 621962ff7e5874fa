"""`hotline policy`: the city's rules, checked, shown, compared, and brought into force."""

import json
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cases.errors import InvalidError, UnavailableError
from hotline import stack
from hotline.actor import local_admin
from hotline.errors import HotlineError, UsageError
from hotline.told import settings, told

if TYPE_CHECKING:
    from hotline.loading import Loaded
    from records.register import Register
    from workflows.adoption_messages import Progress
    from workflows.adoptions import Adoptions

app = typer.Typer(no_args_is_help=True, help="The city's rules: limits, catalogue, units.")

_WHICH = "A shipped policy, a folder, or a version in the register (of another policy: code@version)."
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.command()
@told
def check(
    policy: Annotated[
        str | None, typer.Argument(help="A policy's name or folder; the one of HOTLINE_POLICY if left out.")
    ] = None,
) -> None:
    """Check a policy, and tell everything that is wrong with it."""
    from hotline.holiday_calendar import unsettled
    from hotline.policies import load

    city = load(policy or settings().policy)
    catalogue = city.catalogue
    typer.echo(
        f"policy {city.policy.policy} {city.policy.version} is in order: {len(city.policy.levels)} levels, "
        f"{len(catalogue.units)} units, {len(catalogue.categories)} categories, "
        f"{len(catalogue.entries)} catalogue lines"
    )
    if word := unsettled(city.policy):
        typer.echo(word)


@app.command()
@told
def show(
    policy: Annotated[str | None, typer.Argument(help=f"{_WHICH} The one in force if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a policy: its levels with their limits, its sections, its calendar."""
    from hotline.policy_sheet import sheet
    from hotline.policy_sources import find

    found = find(settings(), policy)
    if not as_json:
        Console().print(sheet(found.city, found.version))
        return
    catalogue = found.city.catalogue
    tables = {
        "units": catalogue.units.values(),
        "categories": catalogue.categories.values(),
        "lines": catalogue.entries,
    }
    content = {
        "policy": found.city.policy.model_dump(mode="json"),
        "in_force_since": found.version.model_dump(mode="json")["in_force_since"] if found.version else None,
        **{name: [row.model_dump(mode="json") for row in rows] for name, rows in tables.items()},
    }
    typer.echo(json.dumps(content, ensure_ascii=False, indent=2))


@app.command()
@told
def diff(
    before: Annotated[str, typer.Argument(help=_WHICH)],
    after: Annotated[str, typer.Argument(help=_WHICH)],
    as_json: AsJson = False,
) -> None:
    """Tell what differs between two policies, field by field. The exit status is 1 if anything does, 2 in trouble."""
    from hotline import policy_diff
    from hotline.policy_sources import find

    try:
        changes = policy_diff.diff(*(find(settings(), name).city for name in (before, after)))
    except (HotlineError, UnavailableError) as error:
        raise UsageError(str(error)) from error
    if as_json:
        typer.echo(json.dumps([change.model_dump() for change in changes], ensure_ascii=False, indent=2))
    for change in changes if not as_json else ():
        style = {"+": "green", "-": "red"}.get(str(change)[0])
        Console().print(str(change), style=style, markup=False, highlight=False, soft_wrap=True)
    if changes:
        raise typer.Exit(1)
    # Not where the differences go: nothing is what other programs expect there.
    typer.echo("nothing differs", err=True)


@app.command()
@told
def versions() -> None:
    """List the versions that the register has of this service's policy, and the open cases held to each."""
    from hotline import policy_sheet
    from hotline.policies import load
    from hotline.reaching import with_register

    resolved = stack.resolve(settings())
    policy = load(resolved.policy).policy

    async def asked(register: "Register") -> None:
        policies = register.policies
        lines, current = await policies.versions(policy.policy), await policies.in_force(policy.policy)
        held = await policies.open_by_version(policy.policy)
        Console().print(policy_sheet.versions(lines, current, held, policy.city_zone))

    with_register(resolved, asked)


@app.command("load")
@told
def load_policy(
    folder: Annotated[str, typer.Argument(help="The folder of the new version, or a shipped policy.")],
) -> None:
    """Bring a version into force: new cases are received under it, and open ones adopt or keep, as it says.

    Run again it changes nothing, and goes on with what was left undone. An older version is brought back the same way.
    """
    from hotline.city import at_pace, speed_of
    from hotline.loading import Loading
    from hotline.policies import load
    from hotline.policy_sources import own_policy, with_engine

    city, resolved = load(folder), stack.resolve(settings())
    own = own_policy(resolved)

    async def loaded(register: "Register", adoptions: "Adoptions") -> "Loaded":
        return await Loading(register, adoptions, speed_of(resolved), local_admin()).load(city)

    try:
        done = with_engine(resolved, loaded)
    except InvalidError as error:
        compare = f"`hotline policy diff {folder} {city.policy.policy}@{city.policy.version}` shows what differs"
        raise InvalidError(error.field, f"{error.detail}; {compare}") from error
    typer.echo(f"policy {city.policy.policy} {city.policy.version} is in force")
    for line in done.lines():
        typer.echo(line)
    if resolved.demo:
        hastened = at_pace(city, resolved).policy.version
        typer.echo(f"in the demonstration its limits run {resolved.demo_speed} times as fast, as {hastened}")
    if city.policy.policy != own:
        typer.echo(
            f"this service receives cases under policy {own}; for {city.policy.policy}, start it with "
            f"HOTLINE_POLICY={Path(folder)}",
            err=True,
        )


@app.command()
@told
def adoption(
    version: Annotated[
        str | None, typer.Argument(help="A version in the register; the one in force if left out.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Wait until all open cases have been through.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell how far a version's way to the open cases is: how many adopted, kept, refused, and why."""
    from hotline import policy_sheet
    from hotline.policies import load
    from hotline.policy_sources import with_engine
    from workflows.adoption_messages import Stage

    resolved = stack.resolve(settings())
    policy = load(resolved.policy).policy

    async def asked(register: "Register", adoptions: "Adoptions") -> "Progress":
        in_force = await register.policies.in_force(policy.policy)
        current = version or (in_force.version if in_force else policy.version)
        found = await adoptions.progress(policy.policy, current)
        if found is None:
            raise UsageError(
                f"there is no adoption of policy {policy.policy} {current}; `hotline policy load` begins one, unless "
                "the version is the first"
            )
        return found

    found = with_engine(resolved, asked)
    while watch and found.stage is Stage.ADOPTING:
        typer.echo(f"{found.seen} of {found.total} open cases", err=True)
        time.sleep(1)
        found = with_engine(resolved, asked)
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
        return
    Console().print(policy_sheet.progress(found, policy.city_zone))


@app.command()
@told
def route(
    category: Annotated[str, typer.Argument(help="The category of the matter.")],
    area: Annotated[str | None, typer.Option(help="The district, subdistrict or township it lies in.")] = None,
    level: Annotated[str | None, typer.Option(help="Its level; that of its category if left out.")] = None,
    at: Annotated[datetime | None, typer.Option(help="When it came in, by the city's clocks; without it, now.")] = None,
    policy: Annotated[str | None, typer.Option(help=f"{_WHICH} The one in force if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Explain which unit a matter goes to: every line that was considered, and why."""
    from hotline import policy_sheet
    from hotline.policy_sources import find

    city = find(settings(), policy).city
    for option, given, known in (
        ("CATEGORY", category, city.catalogue.categories),
        ("--area", area, city.catalogue.units),
        ("--level", level, city.policy.levels),
    ):
        if given is not None and given not in known:
            near = [code for code in known if given[:4] in code] or list(known)
            there = ", ".join(near[:12]) + (", …" if len(near) > 12 else "")
            raise UsageError(f"{option}: the policy has no {given!r}; there are: {there}")
    zone = city.policy.city_zone
    moment = datetime.now(zone) if at is None else at.replace(tzinfo=zone)
    explained = city.catalogue.explain(category, area, level, moment)
    if as_json:
        typer.echo(explained.model_dump_json(indent=2))
        return
    Console().print(policy_sheet.reasoning(explained))
