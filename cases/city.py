"""A city as the hotline sees it: its rules, and which unit its matters go to, in one version."""

from dataclasses import dataclass

from cases.policy import Policy
from cases.routing import Catalogue


@dataclass(frozen=True)
class City:
    """A policy in force: the rules, and the catalogue that says which unit a matter goes to."""

    policy: Policy
    catalogue: Catalogue
