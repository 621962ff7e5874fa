"""How a simulated department misbehaves, so that the sender can be seen to cope."""

import random
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Faults:
    """`before` and `after` are the shares of requests that fail before, and after, the work was done.

    `slow` are the seconds that every answer takes.
    """

    before: float = 0.0
    after: float = 0.0
    slow: float = 0.0
    chance: random.Random = field(default_factory=random.Random, repr=False)

    def fails_before(self) -> bool:
        """Whether this request fails with nothing done."""
        return self.chance.random() < self.before

    def fails_after(self) -> bool:
        """Whether this request fails although the work is done: the sender cannot know."""
        return self.chance.random() < self.after


NONE = Faults()
