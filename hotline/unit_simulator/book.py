"""A unit's order book: what it holds, whatever order the news came in."""

from hotline.unit_simulator.order import ORDERED, Order, Place


class Book:
    """What a unit holds. Taking the same thing twice changes nothing."""

    def __init__(self) -> None:
        self._held: dict[Place, Order] = {}
        self._latest: dict[Place, Order] = {}
        self._ended: dict[Place, int] = {}

    @property
    def held(self) -> list[Order]:
        """The orders in hand, and the calls."""
        return list(self._held.values())

    def latest(self, place: Place) -> Order | None:
        """The last thing that was told of a place, by its `sequence`."""
        return self._latest.get(place)

    def enter(self, order: Order) -> bool:
        """Enter what was told, and say whether it is work that was not there yet.

        News may overtake one another: what was taken back already does not become work by an order that comes late.
        """
        place = order.place
        known = self._latest.get(place)
        if known is None or known.sequence < order.sequence:
            self._latest[place] = order
        if order.ends:
            self._ended[place] = max(order.sequence, self._ended.get(place, 0))
            held = self._held.get(place)
            if held is not None and held.sequence <= order.sequence:
                del self._held[place]
            return False
        if order.about not in ORDERED or place in self._held or order.sequence < self._ended.get(place, -1):
            return False
        self._held[place] = order
        return True
