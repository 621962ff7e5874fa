"""Units with their systems' addresses."""

import pytest

from cases.errors import InvalidError
from cases.routing import Unit
from records.register import Register

ROADS = Unit(code="roads", kind="department", title={"en": "Roads", "zh": "道路"})
WATER = Unit(code="water", kind="enterprise", title={"en": "Water"}, district="chaoyang")


async def test_units_are_kept_with_their_addresses(register: Register) -> None:
    await register.put_units([WATER, ROADS], {"roads": "http://127.0.0.1:8400/roads"})
    assert [(unit.code, unit.endpoint) for unit in await register.units()] == [
        ("roads", "http://127.0.0.1:8400/roads"),
        ("water", None),
    ]
    unit = await register.unit("water")
    assert unit is not None
    assert (unit.kind, unit.title, unit.district) == ("enterprise", {"en": "Water"}, "chaoyang")
    assert await register.unit("fire\x00") is None


async def test_a_unit_keeps_its_address_until_it_is_taken_away(register: Register) -> None:
    async def address() -> str | None:
        unit = await register.unit("roads")
        assert unit is not None
        return unit.endpoint

    await register.put_units([ROADS], {"roads": "https://roads.example"})
    await register.put_units([ROADS.model_copy(update={"kind": "district"})])
    assert await address() == "https://roads.example"
    await register.put_units([ROADS], {"roads": ""})
    assert await address() is None
    await register.put_units([])


async def test_an_address_that_is_none_is_refused(register: Register) -> None:
    with pytest.raises(InvalidError, match=r"endpoints\.roads"):
        await register.put_units([ROADS], {"roads": "roads.example"})
    with pytest.raises(InvalidError, match=r"endpoints\.water"):
        await register.put_units([ROADS], {"water": "https://water.example"})
    assert await register.units() == []


async def test_a_new_unit_whose_address_is_taken_away_has_none(register: Register) -> None:
    await register.put_units([ROADS], {"roads": ""})
    assert [unit.endpoint for unit in await register.units()] == [None]
