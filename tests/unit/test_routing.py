"""Which unit a matter goes to, and that the answer says why."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.bodies.intake import NewCase
from api.intake import _receive
from cases.entry import Entry, Period, Rule
from cases.routing import Catalogue, Category, Reasoning, Route, Unit, Verdict
from cases.vocabulary import Channel, Kind, Location
from hotline.policies import City, load

TITLE = {"en": "Title"}
ZONE = ZoneInfo("Asia/Shanghai")
UNITS = [
    Unit(code="north", kind="district", title=TITLE),
    Unit(code="south", kind="district", title=TITLE),
    Unit(code="mill", kind="subdistrict", title=TITLE, district="north"),
    Unit(code="farm", kind="township", title=TITLE, district="south"),
    Unit(code="isle", kind="township", title=TITLE),
    Unit(code="works", kind="department", title=TITLE),
    Unit(code="lamps", kind="enterprise", title=TITLE),
]
LITTER = Category(code="litter", title=TITLE, level="general")
NOT = "does_not_apply"
BY_LINE = {"by area": Rule.BY_AREA, "by district": Rule.BY_DISTRICT}


def entry(number: int, line: str) -> Entry:
    """A line as a city writes it: `litter,mill,works,emergency,2026-11-15,2027-03-15`; the end may be left out."""
    category, area, unit, level, first, last = [*line.split(","), "", "", ""][:6]
    days = {name: date.fromisoformat(day) for name, day in (("first", first), ("last", last)) if day}
    return Entry(
        line=number,
        category=category,
        area=area,
        level=level or None,
        period=Period(**days) if days else None,
        unit=None if unit in BY_LINE else unit,
        rule=BY_LINE.get(unit),
    )


def catalogue(*lines: str) -> Catalogue:
    """The little city under these lines, the first of which is line 2 of its file."""
    entries = [entry(number, line) for number, line in enumerate(lines, start=2)]
    return Catalogue(UNITS, [LITTER], entries, ZONE)


def day(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T12:00:00").replace(tzinfo=ZONE)


def test_the_line_for_the_very_area_goes_first() -> None:
    route = catalogue("litter,*,works", "litter,mill,mill").route("litter", "mill")
    because = "before line 2: its very area goes before everywhere"
    assert route == Route(
        unit="mill", copy_to="north", reason=f"catalogue line 3: litter in mill goes to mill; {because}"
    )


@pytest.mark.parametrize("area", [None, "north", "mill", "nowhere"])
def test_the_line_for_everywhere_holds_in_every_other_area(area: str | None) -> None:
    route = catalogue("litter,*,works", "litter,south,south").route("litter", area)
    assert route == Route(unit="works", reason="catalogue line 2: litter everywhere goes to works")


def test_a_line_for_a_district_does_not_hold_for_its_subdistricts() -> None:
    assert catalogue("litter,*,works", "litter,north,north").route("litter", "mill").unit == "works"


@pytest.mark.parametrize(
    ("lines", "unit", "because"),
    [
        pytest.param(
            ["litter,*,works,urgent,2026-01-01", "litter,mill,mill"],
            "mill",
            "before line 2: its very area goes before everywhere",
            id="area, then level and date",
        ),
        pytest.param(
            ["litter,*,works,,2026-01-01", "litter,*,lamps,urgent"],
            "lamps",
            "before line 2: its level goes before all levels",
            id="level, then date",
        ),
        pytest.param(
            ["litter,*,works", "litter,*,lamps,,2026-01-01"],
            "lamps",
            "before line 2: a dated line goes before the standing one",
            id="dated, then standing",
        ),
        pytest.param(
            ["litter,mill,mill", "litter,mill,lamps,urgent,2026-01-01", "litter,mill,works,urgent", "litter,*,works"],
            "lamps",
            "before line 4: a dated line goes before the standing one",
            id="the next in rank is the one named",
        ),
        pytest.param(
            ["litter,mill,lamps,urgent", "litter,*,by area,urgent"],
            "lamps",
            "before line 3: its very area goes before everywhere",
            id="a rule is a line for everywhere",
        ),
    ],
)  # fmt: skip
def test_area_goes_before_level_and_level_before_date(lines: list[str], unit: str, because: str) -> None:
    for order in (1, -1):
        route = catalogue(*lines[::order]).route("litter", "mill", "urgent", day("2026-06-01"))
        assert route.unit == unit
        if order == 1:
            assert route.reason.endswith(f"goes to {unit}; {because}")


def test_the_reason_tells_the_level_and_the_dates_of_the_line() -> None:
    lines = catalogue("litter,*,works", "litter,mill,lamps,urgent,2026-11-15,2027-03-15")
    assert lines.route("litter", "mill", "urgent", day("2026-12-01")).reason == (
        "catalogue line 3: litter in mill at level urgent from 2026-11-15 until 2027-03-15 goes to lamps; "
        "before line 2: its very area goes before everywhere"
    )


def test_without_a_level_the_one_of_the_category_is_meant() -> None:
    lines = catalogue("litter,*,works", "litter,*,lamps,general", "litter,*,north,urgent")
    assert lines.route("litter", None).unit == "lamps"
    assert lines.route("litter", None, "urgent").unit == "north"
    assert lines.route("litter", None, "complex").unit == "works"


@pytest.mark.parametrize(
    ("at", "unit"),
    [
        pytest.param("2026-11-14T23:59:59+08:00", "works", id="the last second before"),
        pytest.param("2026-11-15T00:00:00+08:00", "lamps", id="from midnight of the first day in the city's zone"),
        pytest.param("2026-11-14T16:00:00+00:00", "lamps", id="that midnight told in UTC"),
        pytest.param("2027-03-15T23:59:59+08:00", "lamps", id="until the end of the last day"),
        pytest.param("2027-03-15T16:00:00+00:00", "works", id="the midnight after it, told in UTC"),
    ],
)
def test_both_days_of_a_period_count_in_the_citys_zone(at: str, unit: str) -> None:
    lines = catalogue("litter,*,works", "litter,*,lamps,,2026-11-15,2027-03-15")
    assert lines.route("litter", None, None, datetime.fromisoformat(at)).unit == unit


def test_a_period_may_be_open_on_one_side() -> None:
    lines = catalogue("litter,*,works,,,2026-06-30", "litter,*,lamps", "litter,*,north,,2026-12-01")
    units = [lines.route("litter", None, None, day(on)).unit for on in ("1999-01-01", "2026-07-01", "2099-01-01")]
    assert units == ["works", "lamps", "north"]


def test_without_a_moment_only_standing_lines_hold() -> None:
    assert catalogue("litter,*,works", "litter,*,lamps,,2000-01-01").route("litter", None).unit == "works"


def test_a_moment_without_an_offset_is_no_moment() -> None:
    lines = catalogue("litter,*,works")
    naive = datetime(2026, 11, 15)  # noqa: DTZ001
    for ask in (lines.route, lines.explain):
        with pytest.raises(ValueError, match=r"^at: .* has no offset"):
            ask("litter", None, None, naive)


@pytest.mark.parametrize(("area", "district"), [("mill", "north"), ("north", "north"), ("farm", "south")])
def test_article_12_unit_unclear_and_district_known_goes_to_the_district(area: str, district: str) -> None:
    for lines in (catalogue(), catalogue("litter,*,by district"), catalogue("litter,isle,works")):
        route = lines.route("litter", area)
        assert (route.unit, route.copy_to) == (district, None)
    assert "no catalogue line for litter" in catalogue().route("litter", area).reason


def test_a_township_without_a_district_answers_for_itself() -> None:
    assert catalogue("litter,*,by district").route("litter", "isle") == Route(
        unit="isle", reason="catalogue line 2: litter everywhere goes by district to isle"
    )
    assert catalogue().route("litter", "isle").unit == "isle"


@pytest.mark.parametrize(
    ("area", "told"),
    [
        (None, "no area is known"),
        ("nowhere", "nowhere is no area of this city"),
        ("works", "works is a department, which is no area"),
    ],
)
def test_article_12_what_nothing_fits_goes_to_the_desk(area: str | None, told: str) -> None:
    without = catalogue().route("litter", area)
    assert without == Route(unit=None, reason=f"no catalogue line for litter holds here, and {told}: to the desk")
    by_area = catalogue("litter,*,by area").route("litter", area)
    assert by_area == Route(
        unit=None, reason=f"catalogue line 2: litter everywhere goes by area, and {told}: to the desk"
    )


def test_a_rule_that_finds_no_area_leaves_the_matter_to_the_next_line() -> None:
    lines = catalogue("litter,*,works", "litter,*,by area,urgent")
    assert lines.route("litter", None, "urgent").unit == "works"
    assert lines.route("litter", "mill", "urgent").unit == "mill"


@pytest.mark.parametrize(
    ("line", "area", "unit", "copy_to"),
    [
        pytest.param("litter,*,by area", "mill", "mill", "north", id="a subdistrict's order"),
        pytest.param("litter,*,by area", "farm", "farm", "south", id="a township's order"),
        pytest.param("litter,south,mill", "south", "mill", "north", id="its own district, not the matter's"),
        pytest.param("litter,*,by area", "north", "north", None, id="a district's order"),
        pytest.param("litter,*,by area", "isle", "isle", None, id="a township that no district supervises"),
        pytest.param("litter,*,works", "mill", "works", None, id="a department's order, although in a subdistrict"),
    ],
)
def test_article_12_copies_a_subdistricts_order_to_its_district(
    line: str, area: str, unit: str, copy_to: str | None
) -> None:
    route = catalogue(line).route("litter", area)
    assert (route.unit, route.copy_to) == (unit, copy_to)


def test_article_12_copies_the_district_too_where_the_desk_names_a_unit() -> None:
    assert catalogue().to("mill", "chosen") == Route(unit="mill", copy_to="north", reason="chosen")


def test_an_explanation_says_of_every_line_why_or_why_not() -> None:
    lines = catalogue(
        "litter,*,by area",
        "litter,mill,lamps,urgent",
        "litter,mill,works,,2026-11-15,2027-03-15",
        "litter,north,north",
        "litter,*,works,complex,2030-01-01",
        "litter,farm,farm",
    )
    told = lines.explain("litter", "mill", "general", day("2026-12-01"))
    assert told.day == date(2026, 12, 1)
    assert [(step.line, step.unit, step.verdict.value, step.because) for step in told.steps] == [
        (3, "lamps", NOT, "it is for level urgent, and the matter is of level general"),
        (4, "works", "decides", "of the lines that apply it goes first"),
        (
            6,
            "works",
            NOT,
            "it is for level complex, and the matter is of level general; "
            "it holds from 2030-01-01, and the matter came in on 2026-12-01",
        ),
        (2, "mill", "outranked", "line 4 goes before it: its very area goes before everywhere"),
        (5, "north", NOT, "it is for north itself, not for what lies in it"),
        (7, "farm", NOT, "it is for farm"),
        (None, "north", "outranked", "line 4 decides"),
        (None, None, "outranked", "there is a unit for it"),
    ]
    assert told.steps[3].says == "litter everywhere goes by area"
    assert told.route == lines.route("litter", "mill", "general", day("2026-12-01"))


@pytest.mark.parametrize(
    ("line", "area", "verdicts", "because"),
    [
        ("litter,*,by area", None, [NOT, NOT, "decides"], "it goes by area, and no area is known"),
        ("litter,south,south", "mill", [NOT, "decides", "outranked"], "it is for south"),
        ("litter,*,works,,2026-11-15", None, [NOT, NOT, "decides"], "it is dated, and no moment was given"),
    ],
)
def test_an_explanation_ends_with_the_district_and_the_desk(
    line: str, area: str | None, verdicts: list[str], because: str
) -> None:
    told = catalogue(line).explain("litter", area)
    assert [step.verdict.value for step in told.steps] == verdicts
    assert told.steps[0].because == because


def test_an_explanation_can_be_sent_and_read_again() -> None:
    told = catalogue("litter,*,works", "litter,mill,mill,urgent,2026-11-15").explain("litter", "mill")
    assert Reasoning.model_validate_json(told.model_dump_json()) == told


AREAS = [unit.code for unit in UNITS if unit.kind in ("district", "subdistrict", "township")]
LEVELS = ["general", "urgent"]
CITY_DAYS = st.integers(0, 12).map(lambda number: date(2026, 10, 25) + timedelta(days=number))


def periods(days: list[date]) -> list[tuple[str, str]]:
    """The days in pairs: the first and the last of each period, none overlapping another."""
    ordered = sorted(days)
    return [(first.isoformat(), last.isoformat()) for first, last in zip(ordered[::2], ordered[1::2], strict=False)]


@st.composite
def checked(draw: st.DrawFn) -> list[str]:
    """The lines of a catalogue in which every key has one standing line at most, and no two periods overlap."""
    units = st.sampled_from([unit.code for unit in UNITS])
    anywhere = st.one_of(units, st.sampled_from(list(BY_LINE)))
    lines = [f"litter,*,{draw(anywhere)},,,"]
    for area in ["*", *AREAS]:
        for level in ["", *LEVELS]:
            unit = anywhere if area == "*" else units
            if (area, level) != ("*", "") and draw(st.booleans()):
                lines.append(f"litter,{area},{draw(unit)},{level},,")
            days = draw(st.lists(CITY_DAYS, max_size=4, unique=True))
            lines += [f"litter,{area},{draw(unit)},{level},{first},{last}" for first, last in periods(days)]
    return draw(st.permutations(lines))


MOMENTS = st.datetimes(datetime(2026, 10, 24), datetime(2026, 11, 7), timezones=st.just(UTC))  # noqa: DTZ001


@settings(deadline=None)
@given(
    lines=checked(),
    area=st.sampled_from([None, "nowhere", "works", *AREAS]),
    level=st.sampled_from([None, "complex", *LEVELS]),
    at=st.none() | MOMENTS,
)
def test_every_matter_has_one_answer_and_the_explanation_is_of_that_answer(
    lines: list[str], area: str | None, level: str | None, at: datetime | None
) -> None:
    city = catalogue(*lines)
    route, told = city.route("litter", area, level, at), city.explain("litter", area, level, at)
    assert told.route == route
    deciding = [step for step in told.steps if step.verdict is Verdict.DECIDES]
    assert len(deciding) == 1
    assert deciding[0].unit == route.unit
    assert route.unit is not None or area not in AREAS
    assert "contradict" not in route.reason
    assert sorted(step.line for step in told.steps if step.line) == list(range(2, len(lines) + 2))
    before = told.steps[: told.steps.index(deciding[0])]
    assert all(step.verdict is Verdict.DOES_NOT_APPLY for step in before)


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
    reason = load("beijing").catalogue.route("streets/litter", "chaoyang-jianwai").reason
    line = int(reason.removeprefix("catalogue line ").split(":")[0])
    text = (Path(__file__).parents[2] / "policies/beijing/catalogue.csv").read_text("utf-8")
    assert text.splitlines()[line - 1] == "streets/litter,*,by area"


def test_the_page_of_the_format_quotes_what_a_case_says() -> None:
    page = " ".join((Path(__file__).parents[2] / "policies/README.md").read_text("utf-8").split())
    assert f'"{load("beijing").catalogue.route("streets/litter", "dongcheng-donghuamen").reason}"' in page


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


@pytest.mark.parametrize(
    ("level", "received", "unit"),
    [
        (None, "2026-01-31T23:59:59+08:00", "works"),
        (None, "2026-02-01T00:00:00+08:00", "lamps"),
        ("emergency", "2026-02-01T00:00:00+08:00", "north"),
    ],
)
def test_intake_routes_by_the_level_and_the_time_of_receipt(level: str | None, received: str, unit: str) -> None:
    lines = catalogue("litter,*,works", "litter,*,lamps,,2026-02-01", "litter,*,north,emergency")
    case = NewCase(
        source="town",
        channel=Channel.PHONE,
        kind=Kind.COMPLAINT,
        category="litter",
        description="Litter.",
        location=Location(area="mill"),
        level=level,
        received_at=datetime.fromisoformat(received),
    )
    assert _receive(City(load("beijing").policy, lines), case, None).route.unit == unit
