"""The lives that are recorded, one for every kind of case and for each of the other workflows."""

from collections.abc import Awaitable, Callable

from tests.replay.lives import aftermath, beginnings, delivering, handling, linking, shell
from tests.replay.town import Town

Life = Callable[[Town], Awaitable[None]]

LIVES: dict[str, Life] = {
    life.__name__: life for kind in (beginnings, handling, delivering, aftermath, linking, shell) for life in kind.LIVES
}
