"""Where `hotline policy` finds a city: among the shipped policies, in a folder, or in the register by its version."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from cases.city import City
from hotline import stack
from hotline.errors import NotRunningError, UsageError
from hotline.policies import load, names
from hotline.reaching import with_client, with_register
from hotline.settings import Settings
from records.policies import Version
from records.register import Register
from workflows.adoptions import Adoptions

Result = TypeVar("Result")


@dataclass(frozen=True)
class Found:
    """A city, and its line in the register if it was found there."""

    city: City
    version: Version | None = None


def find(settings: Settings, name: str | None) -> Found:
    """The city of a name: a shipped policy, a folder, or a version in the register.

    A version is one of this service's policy; of another, it is written `code@version`. Without a name, it is the city
    in force: in the register, or while there is none, as HOTLINE_POLICY has it.

    Raises:
        UsageError: there is none of this name.
        PolicyError: its folder cannot be used.
        UnavailableError: the register is out of reach.
    """
    resolved = stack.resolve(settings)
    if name is None:
        return _in_force(resolved)
    if name in names() or Path(name).is_dir() or name.startswith((".", "/")):
        return Found(load(name))
    code, at, version = name.rpartition("@")
    policy = code if at else own_policy(resolved)
    try:
        return with_register(resolved, lambda register: _version(register, policy, version))
    except NotRunningError:
        raise UsageError(
            f"{name!r} is no folder, and no shipped policy (those are: {', '.join(names())}); a version in the "
            "register can be looked up while the service runs, or with HOTLINE_DATABASE_URL"
        ) from None


def own_policy(settings: Settings) -> str:
    """The code of the policy that this service runs by."""
    return load(settings.policy).policy.policy


def with_engine(settings: Settings, work: Callable[[Register, Adoptions], Awaitable[Result]]) -> Result:
    """Do something with the register and the engine of settings that were resolved.

    Raises:
        NotRunningError: no database is set and no service runs, or Temporal does not answer.
    """

    return with_client(settings, lambda register, client: work(register, Adoptions(client, settings.task_queue)))


def _in_force(resolved: Settings) -> Found:
    named = load(resolved.policy)
    if resolved.database_url is None:
        return Found(named)

    async def ask(register: Register) -> Found:
        current = await register.policies.in_force(named.policy.policy)
        city = current and await register.policies.city(current.policy, current.version)
        return Found(city, current) if city else Found(named)

    return with_register(resolved, ask)


async def _version(register: Register, policy: str, version: str) -> Found:
    known = await register.policies.versions(policy)
    line = next((one for one in known if one.version == version), None)
    city = await register.policies.city(policy, version) if line else None
    if city is None:
        there = ", ".join(one.version for one in known) or "none"
        raise UsageError(
            f"there is no version {version!r} of policy {policy} in the register (it has: {there}), no such folder, "
            f"and no such shipped policy (those are: {', '.join(names())})"
        )
    return Found(city, line)
