"""The city's policy as the settings say it: at its own pace, or at the demonstration's."""

from dataclasses import replace

from hotline.policies import City, load
from hotline.settings import Settings


def in_force(settings: Settings) -> City:
    """The policy in force. In the demonstration its limits run `demo_speed` times as fast.

    Raises:
        PolicyError: there is no such policy, or something is wrong with it.
    """
    city = load(settings.policy)
    if not settings.demo:
        return city
    return replace(city, policy=city.policy.faster(settings.demo_speed))
