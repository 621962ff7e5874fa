"""Bringing a version of a policy into force: into the register, before the API, and to the open cases."""

from dataclasses import dataclass

from activities.messages import Ruling
from cases.city import City
from cases.errors import InvalidError
from cases.vocabulary import SYSTEM, Actor
from records.policies import Version
from records.register import Register
from workflows.adoptions import Adoptions

_BECOMES = {
    "adopt": "adopt it for every limit that begins from now on",
    "keep": "keep their limits, and get the holidays announced since",
}


@dataclass(frozen=True)
class Loaded:
    """What came of it: the city in force, which version it replaced if any, and what people should be told."""

    city: City
    version: Version
    replaced: Version | None = None
    adoption: bool = False
    remark: str = ""

    def lines(self) -> list[str]:
        """What people should be told of it."""
        told = [self.remark] if self.remark else []
        policy = self.city.policy
        if self.replaced is not None:
            told.append(f"policy {policy.policy} {policy.version} replaces {self.replaced.version} for new cases")
        if self.adoption:
            told.append(f"open cases {_BECOMES[policy.open_cases]}; how far that is: hotline policy adoption")
        return told


class Loading:
    """Loads cities into one register, and lets the open cases know."""

    def __init__(
        self, register: Register, adoptions: Adoptions, speed: int | None = None, actor: Actor = SYSTEM
    ) -> None:
        """Args:
        register: Where versions are kept.
        adoptions: What carries a version to the open cases.
        speed: How many times as fast as real the limits run, in the demonstration.
        actor: Who does it, for the audit trail.
        """
        self._register = register
        self._adoptions = adoptions
        self._speed = speed
        self._actor = actor

    async def load(self, city: City) -> Loaded:
        """Bring a city into force. Done again it changes nothing, and goes on with what was left undone.

        Raises:
            InvalidError: the register has this version with other content.
            UnavailableError: the register or the engine is out of reach; doing it again is safe.
        """
        policies = self._register.policies
        policy = city.policy
        before = await policies.in_force(policy.policy)
        await policies.put(city, self._actor)
        await self._register.put_units(list(city.catalogue.units.values()))
        version = await policies.put_in_force(policy.policy, policy.version, self._actor)
        replaced = before if before is not None and before.version != version.version else None
        first = len(await policies.versions(policy.policy)) == 1
        adoption = not first and await self._adoptions.start(self._ruling(version))
        return Loaded(city=city, version=version, replaced=replaced, adoption=adoption)

    async def at_start(self, city: City, named: str) -> Loaded:
        """Bring the city that the settings name into force, unless a version that came after it is.

        A version that the register has never seen is a new one. One that another has replaced is an old file: only
        `hotline policy load` brings it back.

        Args:
            city: The city of the settings.
            named: What the settings call it.

        Raises:
            InvalidError: the register has this version with other content; the text says what to do.
            UnavailableError: the register or the engine is out of reach.
        """
        policies, policy = self._register.policies, city.policy
        current = await policies.in_force(policy.policy)
        versions = await policies.versions(policy.policy)
        ours = next((one for one in versions if one.version == policy.version), None)
        if current is not None and ours is not None and ours != current and ours.in_force_since is not None:
            return await self._kept(current, city, named)
        try:
            if current is None or ours != current:
                return await self.load(city)
            await policies.put(city, self._actor)
        except InvalidError as error:
            compare = f"`hotline policy diff {named} {policy.version}` shows what differs"
            raise InvalidError(f"HOTLINE_POLICY={named}: {error.field}", f"{error.detail}; {compare}") from error
        return await self._in_force(city, current)

    async def _kept(self, current: Version, city: City, named: str) -> Loaded:
        found = await self._register.policies.city(current.policy, current.version)
        remark = (
            f"policy {current.policy} {current.version} stays in force: it replaced {city.policy.version}, which "
            f"HOTLINE_POLICY={named} still holds. To go back to that: hotline policy load {named}"
        )
        return await self._in_force(found or city, current, remark)

    async def _in_force(self, city: City, version: Version, remark: str = "") -> Loaded:
        """What was in force before this start. An adoption that never began, because of a crash, begins now."""
        adoption = False
        if len(await self._register.policies.versions(version.policy)) > 1:
            adoption = await self._adoptions.start(self._ruling(version), again=False)
        return Loaded(city=city, version=version, adoption=adoption, remark=remark)

    def _ruling(self, version: Version) -> Ruling:
        if version.in_force_since is None:
            raise ValueError(f"policy {version.policy} {version.version} never came into force")
        return Ruling(policy=version.policy, version=version.version, speed=self._speed, since=version.in_force_since)
