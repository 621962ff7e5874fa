"""Chaining and verifying the audit trail, as the worker and the command do."""

from collections.abc import Sequence

from records.audit_proof import Fault, Report
from records.register import Register
from vault.proof import Head


async def chained(register: Register) -> None:
    """Chain all there is."""
    while await register.audit.chain.extend():
        pass


async def verified(register: Register, first: int = 1, kept: Sequence[Head] = ()) -> tuple[list[Fault], Report]:
    """What a walk along the chain finds."""
    proof = register.audit.proof()
    faults = [fault async for fault in proof.faults(first, kept)]
    return faults, proof.report
