"""Which unit a matter goes to, and that the answer says why."""

from pathlib import Path

import pytest

from cases.routing import Catalogue, Category, Entry, Route, Unit
from hotline.policies import load

TITLE = {"en": "Title"}


def catalogue(*lines: tuple[str, str, str]) -> Catalogue:
    """Two districts, one with a subdistrict, and a department, under these lines."""
    units = [
        Unit(code="north", kind="district", title=TITLE),
        Unit(code="south", kind="district", title=TITLE),
        Unit(code="mill", kind="subdistrict", title=TITLE, district="north"),
        Unit(code="works", kind="department", title=TITLE),
    ]
    entries = [
        Entry(line=number, category=category, area=area, unit=unit)
        for number, (category, area, unit) in enumerate(lines, start=2)
    ]
    return Catalogue(units, [Category(code="litter", title=TITLE, level="general")], entries)


def test_the_line_for_the_very_area_goes_first() -> None:
    route = catalogue(("litter", "*", "works"), ("litter", "mill", "mill")).route("litter", "mill")
    assert route == Route(unit="mill", copy_to="north", reason="catalogue line 3: litter in mill goes to mill")


@pytest.mark.parametrize("area", [None, "north", "mill", "nowhere"])
def test_the_line_for_everywhere_holds_in_every_other_area(area: str | None) -> None:
    route = catalogue(("litter", "*", "works"), ("litter", "south", "south")).route("litter", area)
    assert route == Route(unit="works", reason="catalogue line 2: litter in * goes to works")


def test_a_line_for_a_district_does_not_hold_for_its_subdistricts() -> None:
    assert catalogue(("litter", "*", "works"), ("litter", "north", "north")).route("litter", "mill").unit == "works"


@pytest.mark.parametrize(("area", "district"), [("mill", "north"), ("north", "north"), ("south", "south")])
def test_without_a_line_a_matter_goes_to_its_district(area: str, district: str) -> None:
    route = catalogue().route("litter", area)
    assert (route.unit, route.copy_to) == (district, None)
    assert "no catalogue line for litter" in route.reason


@pytest.mark.parametrize("area", [None, "nowhere"])
def test_without_a_line_and_a_district_a_matter_goes_to_the_desk(area: str | None) -> None:
    route = catalogue().route("litter", area)
    assert route.unit is None
    assert "to the desk" in route.reason


def test_the_desk_may_name_any_unit_and_its_district_is_copied() -> None:
    assert catalogue().to("mill", "chosen") == Route(unit="mill", copy_to="north", reason="chosen")


@pytest.mark.parametrize(
    ("category", "area", "unit", "copy_to"),
    [
        pytest.param("streets/litter", "chaoyang-jianwai", "chaoyang-jianwai", "chaoyang", id="by area"),
        pytest.param("streets/litter", "chaoyang", "chaoyang", None, id="by area, only the district known"),
        pytest.param("streets/litter", None, None, None, id="by area, area unknown"),
        pytest.param("streets/litter", "dongcheng-donghuamen", "sanitation-group", None, id="by area, with a line"),
        pytest.param("property/lift-retrofit", "chaoyang-jianwai", "chaoyang", None, id="by district"),
        pytest.param("property/lift-retrofit", "chaoyang", "chaoyang", None, id="by district, of the district"),
        pytest.param("utilities/heating-none", "chaoyang-jianwai", "heating-group", None, id="the whole city"),
        pytest.param("utilities/heating-none", None, "heating-group", None, id="the whole city, area unknown"),
        pytest.param("utilities/heating-none", "yanqing-badaling", "yanqing", None, id="the line for an area"),
    ],
)
def test_beijings_catalogue(category: str, area: str | None, unit: str | None, copy_to: str | None) -> None:
    route = load("beijing").catalogue.route(category, area)
    assert (route.unit, route.copy_to) == (unit, copy_to)


def test_the_reason_names_the_line_of_the_file() -> None:
    line = load("beijing").catalogue.entries["streets/litter", "chaoyang-jianwai"].line
    text = (Path(__file__).parents[2] / "policies/beijing/catalogue.csv").read_text("utf-8")
    assert text.splitlines()[line - 1] == "streets/litter,*,by area"


@pytest.mark.parametrize("name", ["beijing", "boston-311"])
def test_every_matter_of_a_known_area_reaches_a_unit(name: str) -> None:
    city = load(name)
    areas = [
        code for code, unit in city.catalogue.units.items() if unit.kind in ("district", "subdistrict", "township")
    ]
    for category in city.catalogue.categories:
        for area in areas or ["nowhere"]:
            route = city.catalogue.route(category, area)
            assert route.unit in city.catalogue.units
            assert route.reason.startswith("catalogue line ")
