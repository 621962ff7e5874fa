"""For how long cases are kept today: the rules of the versions of policies that are in force."""

from cases.policy import Policy
from records.policies import Policies, Version


async def today(policies: Policies) -> dict[str, Policy]:
    """The rules by which cases are kept, by the code of their policy.

    Those are the rules of the version that is in force; of a policy that never was, of the one that was loaded last.

    Raises:
        UnavailableError: the register is out of reach.
    """
    chosen: dict[str, Version] = {}
    for one in await policies.versions():
        best = chosen.get(one.policy)
        if best is None or best.in_force_since is None or _later(one, best):
            chosen[one.policy] = one
    found = {code: await policies.policy(code, one.version) for code, one in chosen.items()}
    return {code: policy for code, policy in found.items() if policy is not None}


def _later(one: Version, other: Version) -> bool:
    if one.in_force_since is None or other.in_force_since is None:
        return one.in_force_since is not None
    return one.in_force_since > other.in_force_since
