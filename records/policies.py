"""The policies in the register: whole cities, version by version, and which version is in force."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import AwareDatetime
from sqlalchemy import Select, func, update
from sqlalchemy import select as sqlalchemy_select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from cases.city import City
from cases.entry import Entry
from cases.errors import InvalidError
from cases.policy import Policy
from cases.routing import Catalogue, Category, Unit
from cases.vocabulary import SYSTEM, Actor, Value
from records import audit, case_counts, open_cases
from records.database import reading, transaction
from records.open_cases import OpenCase
from records.tables import PolicyRow
from records.text import storable


class Version(Value):
    """One version of a policy, without its content. `in_force_since` is when it last came into force, if it ever did.

    Of the versions of a policy, the one that came into force last is the one in force.
    """

    policy: str
    version: str
    digest: str
    loaded_at: AwareDatetime
    in_force_since: AwareDatetime | None = None


class Policies:
    """Every method raises UnavailableError while PostgreSQL is out of reach."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def put(self, city: City, actor: Actor = SYSTEM) -> bool:
        """Keep a city's policy in its version, with its units, categories and catalogue. `actor` is who does it.

        Returns:
            Whether it is new. The same again changes nothing; in which lines of its file the catalogue stands, and
            in which order its units and categories, does not count.

        Raises:
            InvalidError: this version is there with other content.
        """
        policy, tables = city.policy, _tables(city.catalogue)
        row = {
            "policy": policy.policy,
            "version": policy.version,
            "content": policy.model_dump(mode="json"),
            "digest": _digest(policy, tables),
            "tables": {name: [one.model_dump(mode="json") for one in rows] for name, rows in tables.items()},
        }
        version = (col(PolicyRow.policy) == policy.policy, col(PolicyRow.version) == policy.version)
        async with transaction(self._engine) as connection:
            put = insert(PolicyRow).values(row).on_conflict_do_nothing().returning(col(PolicyRow.version))
            if (await connection.execute(put)).one_or_none() is not None:
                named = {name: row[name] for name in ("policy", "version", "digest")}
                await audit.write(connection, actor, "policy_loaded", details=named)
                return True
            asked = select(PolicyRow.digest, PolicyRow.tables).where(*version)
            stored = (await connection.execute(asked)).one()
            if stored.tables is None and stored.digest == _digest(policy, {}):
                # A release that kept the rules alone has been here.
                filled = update(PolicyRow).where(*version).values(digest=row["digest"], tables=row["tables"])
                await connection.execute(filled)
            elif stored.digest != row["digest"]:
                raise InvalidError(
                    "version",
                    f"policy {policy.policy} {policy.version} is in the register with other content, and cases refer "
                    "to it; give the changed rules a new version in policy.toml, or set the files back",
                )
        return False

    async def put_in_force(self, policy: str, version: str, actor: Actor = SYSTEM) -> Version:
        """Receive new cases under this version from now on. One that is in force already stays so, since when it was.

        `actor` is who does it.

        Raises:
            InvalidError: the register has no such version.
        """
        async with transaction(self._engine) as connection:
            rows = await connection.execute(_asked(policy).with_for_update())
            found = [Version.model_validate(row._mapping) for row in rows]
            wanted = next((one for one in found if one.version == version), None)
            if wanted is None:
                raise InvalidError("version", f"there is no version {version!r} of policy {policy} in the register")
            current = _current(found)
            if current == wanted:
                return wanted
            since: datetime = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
            if current is not None and current.in_force_since is not None:
                # Whole seconds apart, so that two changes of policy are never taken for one another.
                since = max(since, current.in_force_since + timedelta(seconds=1))
            key = (col(PolicyRow.policy) == policy, col(PolicyRow.version) == version)
            await connection.execute(update(PolicyRow).where(*key).values(in_force_since=since))
            before = current.version if current is not None else None
            told = {"policy": policy, "version": version, "digest": wanted.digest, "replaces": before}
            await audit.write(connection, actor, "policy_in_force", details=told)
            return wanted.model_copy(update={"in_force_since": since})

    async def in_force(self, policy: str) -> Version | None:
        """The version of a policy that new cases are received under; none if none ever came into force."""
        return _current(await self.versions(policy))

    async def versions(self, policy: str | None = None) -> list[Version]:
        """Every version of a policy, or of all of them, in the order in which they were loaded."""
        async with transaction(self._engine) as connection:
            rows = await connection.execute(_asked(policy))
            return [Version.model_validate(row._mapping) for row in rows]

    async def city(self, policy: str, version: str) -> City | None:
        """The city as a version has it; none if there is no such version, or it was kept without its tables.

        Raises:
            ValueError: a newer release wrote it, with rules that this one does not know.
        """
        row = await self._row(policy, version)
        if row is None or row.tables is None:
            return None
        rules = Policy.model_validate(row.content)
        return City(
            rules,
            Catalogue(
                [Unit.model_validate(one) for one in row.tables["units"]],
                [Category.model_validate(one) for one in row.tables["categories"]],
                [Entry.model_validate(one) for one in row.tables["entries"]],
                rules.city_zone,
            ),
        )

    async def policy(self, policy: str, version: str) -> Policy | None:
        """The rules alone of a version, if it is there. Raises what `city` does."""
        row = await self._row(policy, version)
        return None if row is None else Policy.model_validate(row.content)

    async def open_cases(
        self,
        policy: str,
        version: str,
        after: tuple[str, str] = ("", ""),
        came_after: datetime | None = None,
        limit: int = 100,
    ) -> Sequence[OpenCase]:
        """One page of the open cases of a policy that are not held to a version, by version and number.

        `after` are version and number of the last case of the page before. With `came_after`, only cases that the
        register heard of after that moment.
        """
        return await open_cases.elsewhere(self._engine, policy, version, after, came_after, limit)

    async def open_by_version(self, policy: str) -> dict[str, int]:
        """How many open cases are held to which version of a policy."""
        return await case_counts.open_by_version(self._engine, policy)

    async def _row(self, policy: str, version: str) -> PolicyRow | None:
        async with reading(self._engine) as session:
            return await session.get(PolicyRow, (storable(policy), storable(version)))


def _asked(policy: str | None) -> Select[Any]:
    columns = [col(getattr(PolicyRow, name)) for name in Version.model_fields]
    asked = sqlalchemy_select(*columns).order_by(PolicyRow.loaded_at, PolicyRow.policy, PolicyRow.version)  # type: ignore[arg-type]
    return asked if policy is None else asked.where(col(PolicyRow.policy) == storable(policy))


def _current(versions: Sequence[Version]) -> Version | None:
    since = {one.in_force_since: one for one in versions if one.in_force_since is not None}
    return since[max(since)] if since else None


def _tables(catalogue: Catalogue) -> dict[str, list[Value]]:
    return {
        "units": list(catalogue.units.values()),
        "categories": list(catalogue.categories.values()),
        "entries": list(catalogue.entries),
    }


def _digest(policy: Policy, tables: Mapping[str, Sequence[Value]]) -> str:
    # Without defaults, so that a rule that a later release adds does not make every stored version another.
    content: Any = policy.model_dump(mode="json", exclude_defaults=True)
    if tables:
        content = {"policy": content}
        for name, rows in tables.items():
            dumped = (one.model_dump(mode="json", exclude_defaults=True, exclude={"line"}) for one in rows)
            content[name] = sorted(dumped, key=lambda row: json.dumps(row, sort_keys=True))
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
