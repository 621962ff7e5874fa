"""The city's policy as the settings say it: at its own pace, or at the demonstration's."""

from dataclasses import replace

from hotline.policies import City, load
from hotline.settings import Settings


def in_force(settings: Settings) -> City:
    """The policy that the settings name. In the demonstration its limits run `demo_speed` times as fast.

    Raises:
        PolicyError: there is no such policy, or something is wrong with it.
    """
    return at_pace(load(settings.policy), settings)


def at_pace(city: City, settings: Settings) -> City:
    """A city on the clock of this service. The register holds its true limits; only the demonstration hastens them."""
    speed = speed_of(settings)
    return city if speed is None else replace(city, policy=city.policy.faster(speed))


def speed_of(settings: Settings) -> int | None:
    """How many times as fast as real the limits run; None outside the demonstration."""
    return settings.demo_speed if settings.demo else None
