"""What each of the service's own keys still locks."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, func, select
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError

from cases.errors import UnavailableError
from hotline import own_keys
from hotline.settings import Settings
from records.database import reading
from records.guarding import AuditRow
from records.register import Register
from vault.keyfile import KeyFile, RingName
from workflows.codec import keys_of
from workflows.connection import connect

_PATIENCE = 5
"""Seconds that the engine has to answer at all."""


@dataclass(frozen=True)
class Uses:
    """How many keys and secrets of units each master key wraps, and how many entries each proof key sealed.

    Those of `cases` open their texts; those in `reserve` are held ready by processes, or were left by some that died.
    """

    cases: Mapping[str, int]
    reserve: Mapping[str, int]
    units: Mapping[str, int]
    entries: Mapping[str, int]

    def told(self, ring: RingName, key: str) -> str:
        """What a key locks, in words."""
        if ring == "master":
            units = f"{self.units.get(key, 0)} secrets of units"
            return f"{self.cases.get(key, 0)} keys of cases and {self.reserve.get(key, 0)} in reserve, {units}"
        if ring == "proof":
            return f"{self.entries.get(key, 0)} entries of the audit trail"
        return "what the engine keeps"

    def needs(self, ring: RingName, key: str) -> str | None:
        """Why a key must not be dropped, in words; none if it may be."""
        if ring == "master" and any(one.get(key) for one in (self.cases, self.reserve, self.units)):
            return f"it wraps {self.told(ring, key)}; run `hotline vault rewrap` first"
        if ring == "proof" and self.entries.get(key):
            return f"by it alone {self.told(ring, key)} can be verified"
        return None

    def by_unknown(self, keys: KeyFile) -> int:
        """How many are wrapped by master keys that there are no more."""
        found = [*self.cases.items(), *self.units.items()]
        return sum(count for name, count in found if name not in keys.master.keys)


async def count(engine: AsyncEngine, register: Register) -> Uses:
    """What the register, and its tables behind an engine, know of it.

    Raises:
        UnavailableError: PostgreSQL is out of reach.
    """
    counted = select(AuditRow.proof_key, func.count()).group_by(col(AuditRow.proof_key))
    async with reading(engine) as session:
        entries = {name: number for name, number in await session.exec(counted) if name is not None}
    keys = register.seals.data_keys
    return Uses(
        cases=await keys.by_master(claimed=True),
        reserve=await keys.by_master(claimed=False),
        units=await register.systems.by_master(),
        entries=entries,
    )


async def histories(settings: Settings, key: str) -> int:
    """How many workflows that the engine keeps may have something that a payload key locked.

    A run's memo is locked when it begins, and whatever comes after it by the same key or a later one: so a run needs a
    key unless its memo is locked by a later one. One that goes on as a new run keeps its memo, so more may be counted
    than need the key, never fewer.

    Raises:
        UnavailableError: the engine is out of reach.
    """
    keys = own_keys.load(settings)
    later = set(list(keys.payload.keys)[list(keys.payload.keys).index(key) + 1 :])
    try:
        async with asyncio.timeout(_PATIENCE):
            client = await connect(keys, f"127.0.0.1:{settings.temporal_port}")
    except (RuntimeError, TimeoutError) as error:
        raise UnavailableError("the engine does not answer") from error
    found = 0
    try:
        async for run in client.list_workflows(page_size=1_000):
            memo = run.raw_info.memo.fields
            # What has no memo are chores of the service, which nobody looks at again once they are done.
            running = run.status is WorkflowExecutionStatus.RUNNING
            found += not keys_of(memo.values()) & later if memo else running
    except RPCError as error:
        raise UnavailableError("the engine does not answer") from error
    return found
