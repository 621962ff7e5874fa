"""Thousands of cases lead random lives in the pure model, and every invariant holds through all of them.

`make test` leads some hundreds, always the same; `make fuzz` leads ten thousand and more, others each time.
"""

import os
import sys
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from cases.errors import RefusalError
from tests.model.acts import MAKERS, drawn_receipt
from tests.model.histories import WHOLE
from tests.model.invariants import CHANGES, TURNS
from tests.model.life import Life, lived

FUZZED = int(os.environ.get("HOTLINE_SEQUENCES", "0"))
"""How many sequences `make fuzz` wants; without it the few of `make test` are led."""

SEQUENCES = FUZZED or 200
SELDOM = 0.003
"""How often at least every act must have been accepted in a sequence, on average."""

SPARED = 0 if FUZZED else 4
"""For how many acts that may fail: among a few hundred sequences some are missing by mere chance."""

NO_EVENTS = frozenset({"tick"})
"""Acts that are taken without an event of their own."""


class Tally:
    """What the lives came to."""

    def __init__(self) -> None:
        self.sequences = self.commands = self.events = 0
        self.accepted: Counter[str] = Counter()
        self.facts: Counter[str] = Counter()

    def count(self, life: Life) -> None:
        self.sequences += 1
        self.commands += len(life.given) + 1
        self.events += len(life.events)
        self.accepted += life.accepted
        self.facts += Counter(event.fact.type for event in life.events)

    def __str__(self) -> str:
        lines = [f"{self.sequences} sequences, {self.commands} commands, {self.events} events", "accepted:"]
        lines += [f"  {name:20} {self.accepted[name]:8}" for name in MAKERS if name not in NO_EVENTS]
        lines += ["events:"] + [f"  {name:20} {times:8}" for name, times in self.facts.most_common()]
        return "\n".join(lines)


@pytest.mark.timeout(400)
def test_the_invariants_hold_through_random_lives() -> None:
    tally = Tally()

    @settings(
        max_examples=SEQUENCES,
        derandomize=not FUZZED,
        database=None,
        deadline=None,
        print_blob=True,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example),
    )
    @given(st.data())
    def lead(data: st.DataObject) -> None:
        try:
            life = Life(drawn_receipt(data.draw), CHANGES, TURNS)
        except RefusalError:
            return
        try:
            lived(data.draw, life, 40)
            for holds in WHOLE:
                holds(life)
        finally:
            note(life.told())
        tally.count(life)

    lead()
    sys.stdout.write(f"{tally}\n")
    seldom = [name for name in MAKERS if name not in NO_EVENTS and tally.accepted[name] < SELDOM * SEQUENCES]
    assert len(seldom) <= SPARED, f"lives lead to these acts too seldom: {seldom}"
