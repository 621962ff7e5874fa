"""Policies are read whole or not at all, and every problem says where it is."""

import shutil
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from cases.limits import Anchor, Budget
from hotline.policies import PolicyError, load, names

LIMIT = 'within = "{}"\ncounts_from = "{}"\n'
POLICY = (
    'policy = "town"\nversion = "1"\nzone = "Europe/Berlin"\ndefault_level = "general"\n'
    'title = { en = "Town" }\n'
    '[callback]\nwithin = "3 days"\n'
    '[levels.general]\ntitle = { en = "General" }\npriority = 3\n'
    "[levels.general.dispatch]\n" + LIMIT.format("24 hours", "receipt") +
    "[levels.general.acknowledge]\n" + LIMIT.format("2 hours", "dispatch") +
    "[levels.general.handle]\n" + LIMIT.format("24 hours", "dispatch") +
    "[levels.general.resolve]\n" + LIMIT.format("7 days", "dispatch") +
    '[[levels.general.resolve.ladder]]\nafter = "0 minutes"\ntell = ["desk"]\n'
    '[[levels.general.resolve.ladder]]\nafter = "1 day"\ntell = ["supervisor"]\n'
)  # fmt: skip
FILES = {
    "policy.toml": POLICY,
    "units.csv": (
        "code,kind,title_zh,title_en,district\n"
        "north,district,北区,North,\n"
        "mill,subdistrict,磨坊街道,Mill,north\n"
        "works,department,工务局,Works,\n"
    ),
    "categories.csv": (
        "code,title_zh,title_en,level\nstreets/litter,垃圾,Litter,general\nstreets/lamps,路灯,Lamps,general\n"
    ),
    "catalogue.csv": "category,area,unit\nstreets/litter,*,by area\nstreets/lamps,*,works\n",
}

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the little town's policy, with one file changed."""

    def changed(file: str = "policy.toml", old: str = "", new: str = "") -> Path:
        for name, text in FILES.items():
            if name == file:
                assert old in text
                text = text.replace(old, new, 1) if old else text
            (tmp_path / name).write_bytes(text.encode())
        return tmp_path

    return changed


def problems(folder: Path) -> list[str]:
    with pytest.raises(PolicyError) as raised:
        load(str(folder))
    return [str(problem) for problem in raised.value.problems]


def test_a_policy_is_read_from_its_folder(write: Write) -> None:
    city = load(str(write()))
    assert city.policy.policy == "town"
    assert city.catalogue.units["mill"].district == "north"
    assert city.catalogue.units["works"].title == {"zh": "工务局", "en": "Works"}
    assert city.catalogue.categories["streets/lamps"].level == "general"


@pytest.mark.parametrize("name", names())
def test_a_shipped_policy_has_no_problems(name: str) -> None:
    city = load(name)
    assert city.policy.policy == name
    assert {category.level for category in city.catalogue.categories.values()} == set(city.policy.levels)
    assert all("/" not in code for code in city.catalogue.units), "a unit's code stands in an address"


def test_beijing_has_the_default_limits() -> None:
    policy = load("beijing").policy
    found = {
        code: [str(limit.within) for limit in (level.dispatch, level.acknowledge, level.handle, level.resolve) if limit]
        for code, level in policy.levels.items()
    }
    assert found == {
        "emergency": ["1 hour", "15 minutes", "1 hour", "2 hours"],
        "utility": ["2 hours", "30 minutes", "2 hours", "24 hours"],
        "general": ["24 hours", "2 hours", "24 hours", "7 days"],
        "complex": ["24 hours", "2 hours", "24 hours", "15 days"],
    }
    assert [policy.levels[code].priority for code in found] == [1, 2, 3, 4]
    assert {level.dispatch.counts_from for level in policy.levels.values()} == {Anchor.RECEIPT}
    assert {level.resolve.counts_from for level in policy.levels.values()} == {Anchor.DISPATCH}
    assert policy.callback is not None
    assert (policy.callback.within, policy.callback.attempts, policy.callback.rounds) == (Budget(3, "day"), 3, 2)
    assert policy.returns.at_most == 2


def test_boston_has_every_type_of_the_data() -> None:
    catalogue = load("boston-311").catalogue
    assert len(catalogue.categories) == 129
    assert catalogue.route("street-light-outages", None).unit == "pwdx"
    assert catalogue.route("chronic-dampness-mold", None).unit == "isd"


def test_the_catalogue_counts_its_days_in_the_policys_zone(write: Write) -> None:
    folder = write()
    lines = (
        "category,area,unit,from\nstreets/litter,*,by area,\nstreets/lamps,*,works,\nstreets/lamps,*,mill,2026-11-15\n"
    )
    (folder / "catalogue.csv").write_text(lines, "utf-8")
    catalogue = load(str(folder)).catalogue
    moments = ("2026-11-14T22:59:59+00:00", "2026-11-14T23:00:00+00:00")
    units = [catalogue.route("streets/lamps", None, "general", datetime.fromisoformat(at)).unit for at in moments]
    assert units == ["works", "mill"]


def test_a_level_of_the_catalogue_is_one_of_the_policys(write: Write) -> None:
    folder = write()
    lines = "category,area,unit,level\nstreets/litter,*,works\nstreets/lamps,*,works\nstreets/lamps,*,mill,urgent\n"
    (folder / "catalogue.csv").write_text(lines, "utf-8")
    assert problems(folder)[0].startswith("catalogue.csv, line 4, level: the policy has no level 'urgent'")


CALENDAR = """
[calendar]
windows = [{ opens = "09:00:00", closes = "12:00:00" }, { opens = "13:30:00", closes = "17:30:00" }]
holidays = [2026-10-01, 2026-10-02]
workdays = [2026-10-10]
day_ends = "close_of_day"
"""


def test_a_policy_may_count_working_days(write: Write) -> None:
    folder = write("policy.toml", '"7 days"', '"10 working days"')
    assert any("calendar" in problem for problem in problems(folder))
    path = folder / "policy.toml"
    path.write_text(path.read_text() + CALENDAR)
    calendar = load(str(folder)).policy.terms("general").calendar
    assert calendar is not None
    assert calendar.is_working(date(2026, 10, 10))
    assert not calendar.is_working(date(2026, 10, 1))


def test_a_shipped_name_goes_before_a_folder_of_that_name(
    write: Write, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path_factory.mktemp("place")
    shutil.copytree(write(), place / "beijing")
    monkeypatch.chdir(place)
    assert load("beijing").policy.policy == "beijing"
    assert load("./beijing").policy.policy == "town"


def test_a_name_that_is_nowhere_lists_the_shipped_ones() -> None:
    with pytest.raises(PolicyError, match=r"there is no such folder.*beijing, boston-311"):
        load("atlantis")


def test_a_file_is_no_policy(write: Write) -> None:
    assert "there is no such folder" in problems(write() / "policy.toml")[0]


@pytest.mark.parametrize("file", FILES)
def test_what_spreadsheets_write_does_no_harm(write: Write, file: str) -> None:
    path = write() / file
    text = path.read_text(encoding="utf-8")
    if file.endswith(".csv"):
        text = text.replace("\n", ",,\n\n,,,\n").replace("code", " Code ", 1)
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert len(load(str(path.parent)).catalogue.units) == 3


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_one_problem(write: Write, file: str) -> None:
    folder = write()
    (folder / file).unlink()
    assert problems(folder) == [f"{file}: is missing; every policy has one"]


@pytest.mark.parametrize("file", FILES)
def test_broken_utf8_names_the_line(write: Write, file: str) -> None:
    path = write() / file
    first, rest = path.read_bytes().split(b"\n", 1)
    path.write_bytes(first + b"\n" + "北".encode("gbk") + rest)
    (only,) = problems(path.parent)
    assert only.startswith(f"{file}, line 2: is not UTF-8")


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("policy.toml", 'version = "1"', "version = ", "policy.toml, line 2: is no TOML"),
        ("policy.toml", 'version = "1"\n', "", "policy.toml, version: is missing"),
        ("policy.toml", 'version = "1"', "version = 1", "policy.toml, line 2, version: 1 must be a text; put it"),
        ("policy.toml", "Europe/Berlin", "Europe/Atlantis", "policy.toml, line 3, zone: unknown time zone"),
        ("policy.toml", '_level = "general"', '_level = "x"', "policy.toml, line 4, default_level: 'x' is none"),
        ("policy.toml", "priority = 3", "priority = 6", "line 10, levels.general.priority: 6 must be 5 or less"),
        ("policy.toml", "priority = 3", 'priority = "three"', "priority: 'three' must be a whole number"),
        ("policy.toml", "priority", "prority", "line 10, levels.general.prority: no field is called so; did you mean "),
        ("policy.toml", "priority", "zzz", "line 10, levels.general.zzz: no field is called so; correct or remove it"),
        ("policy.toml", '"7 days"', '"a week"', "line 21, levels.general.resolve.within: 'a week' is no amount"),
        ("policy.toml", '"receipt"', '"dispatch"', "line 13, levels.general.dispatch.counts_from: dispatch can only"),
        ("policy.toml", '"receipt"', '"moon"', "counts_from: 'moon' must be 'receipt', 'dispatch' or 'acknowledgment'"),
        ("policy.toml", '"7 days"', '"0 days"', "line 21, levels.general.resolve.within: '0 days' leaves no"),
        ("policy.toml", '["supervisor"]', "[]", "levels.general.resolve.ladder.1.tell: is an empty list"),
        ("policy.toml", '["supervisor"]', '"supervisor"', "ladder.1.tell: 'supervisor' must be a list, in square"),
        ("policy.toml", '["supervisor"]', '["boss"]', "line 28, levels.general.resolve.ladder.1.tell: nobody is"),
        ("units.csv", "code,", "cod,", "units.csv, line 1, code: this column is missing"),
        ("units.csv", "code,", "cod,", "units.csv, line 1, cod: there is no such column"),
        ("units.csv", "title_en", "title_zh", "units.csv, line 1, title_zh: this column is there twice"),
        ("units.csv", "North,", "North, and more,x", "units.csv, line 2: 6 cells under 5 columns"),
        ("units.csv", "North", '"North', "units.csv, line 2: is no CSV from here on"),
        ("units.csv", "North", '"No\nrth"', "units.csv, line 2, title_en: holds a line break"),
        ("units.csv", "磨坊街道,Mill", ",", "units.csv, line 3, title_en: has no title"),
        ("units.csv", "works,", "Public Works,", "units.csv, line 4, code: 'Public Works' is no code"),
        ("units.csv", "works,", ",", "units.csv, line 4, code: is empty"),
        ("units.csv", "works,", "mill,", "units.csv, line 4, code: mill contradicts line 3"),
        ("units.csv", "department", "ministry", "units.csv, line 4, kind: there is no kind 'ministry'"),
        ("units.csv", "Mill,north", "Mill,south", "units.csv, line 3, district: there is no unit 'south'"),
        ("units.csv", "Mill,north", "Mill,works", "units.csv, line 3, district: 'works' is no district"),
        ("units.csv", "North,", "North,mill", "units.csv, line 2, district: a district lies in no other"),
        ("categories.csv", "general", "urgent", "categories.csv, line 2, level: the policy has no level 'urgent'"),
        ("categories.csv", "streets/lamps,路灯", "streets/litter,路灯", "line 3, code: streets/litter contradicts"),
        ("catalogue.csv", "streets/litter", "streets/glitter", "catalogue.csv, line 2, category: there is no 'str"),
        ("catalogue.csv", "streets/lamps,*,works\n", "", "categories.csv, line 3, code: catalogue.csv has no line for"),
        ("catalogue.csv", "lamps,*", "lamps,mill", "categories.csv, line 3, code: catalogue.csv has no line for"),
        ("catalogue.csv", ",works", ",work", "catalogue.csv, line 3, unit: there is no unit 'work'"),
        ("catalogue.csv", ",works", ",", "catalogue.csv, line 3, unit: is empty"),
        ("catalogue.csv", "lamps,*", "lamps,", "catalogue.csv, line 3, area: is empty; write *"),
        ("catalogue.csv", "lamps,*", "lamps,hill", "catalogue.csv, line 3, area: there is no unit 'hill'"),
        ("catalogue.csv", "lamps,*", "lamps,works", "catalogue.csv, line 3, area: 'works' is of the kind department"),
        ("catalogue.csv", "litter,*", "litter,mill", "catalogue.csv, line 2, unit: 'by area' answers for all areas"),
        ("catalogue.csv", "lamps,*,works", "litter,*,works", "line 3, category: streets/litter in * contradicts"),
        ("catalogue.csv", "lamps,*,works", "litter,*,by area", "line 3, category: streets/litter in * is the same as"),
    ],
)  # fmt: skip
def test_a_problem_names_file_line_and_field(write: Write, file: str, old: str, new: str, told: str) -> None:
    found = problems(write(file, old, new))
    assert any(told in problem for problem in found), found


@pytest.mark.parametrize("file", ["units.csv", "categories.csv", "catalogue.csv"])
def test_a_table_without_lines_is_a_problem(write: Write, file: str) -> None:
    path = write() / file
    path.write_text(FILES[file].splitlines()[0], encoding="utf-8")
    assert f"{file}: has no line below its header" in problems(path.parent)
    path.write_text("", encoding="utf-8")
    assert any("this column is missing" in problem for problem in problems(path.parent))


@pytest.mark.parametrize(("sign", "told"), [(";", "semicolons"), ("\t", "tabs")])
def test_a_table_with_other_separators_is_one_problem_that_says_so(write: Write, sign: str, told: str) -> None:
    path = write() / "catalogue.csv"
    path.write_text(FILES["catalogue.csv"].replace(",", sign), encoding="utf-8")
    assert problems(path.parent) == [f"catalogue.csv, line 1: has {told} between its cells; save it again with commas"]


def test_of_what_a_list_holds_only_what_is_wrong_is_told(write: Write) -> None:
    windows = '[calendar]\nwindows = [{ opens = "22:00:00", closes = "06:00:00" }]\n[levels.general]'
    (problem,) = problems(write("policy.toml", "[levels.general]", windows))
    assert "calendar.windows.0: closes: 06:00:00 is not after 22:00:00" in problem


def test_how_far_apart_things_lie_may_be_nothing(write: Write) -> None:
    sections = '[urging]\napart = "0 minutes"\n[extension]\nwithin = "1 day"\nat_most = "5 days"\n[levels.general]'
    assert load(str(write("policy.toml", "[levels.general]", sections))).policy.urging is not None
    for written, field in (('"1 day"', "extension.within"), ('"5 days"', "extension.at_most")):
        (problem,) = problems(write("policy.toml", "[levels.general]", sections.replace(written, '"0 days"')))
        assert f"{field}: '0 days' leaves no time at all; write more" in problem


def test_all_problems_of_all_files_are_told_at_once(write: Write) -> None:
    folder = write()
    (folder / "policy.toml").write_text(POLICY.replace("Berlin", "Atlantis").replace("7 days", "a week"), "utf-8")
    (folder / "units.csv").write_text(FILES["units.csv"].replace("department", "ministry"), "utf-8")
    (folder / "catalogue.csv").write_text(FILES["catalogue.csv"].replace("works", "work"), "utf-8")
    files = [problem.split(",")[0] for problem in problems(folder)]
    assert files == ["policy.toml", "policy.toml", "units.csv", "catalogue.csv"]


def test_a_table_that_cannot_be_read_is_one_problem(write: Write) -> None:
    assert len(problems(write("units.csv", "North", '"North'))) == 1
    assert len(problems(write("units.csv", "code,", "cod,"))) == 2


def test_the_error_reads_as_a_list(write: Write) -> None:
    with pytest.raises(PolicyError) as raised:
        load(str(write("units.csv", "department", "ministry")))
    first, second = str(raised.value).splitlines()
    assert first.endswith("has one problem:")
    assert second.startswith("  units.csv, line 4, kind: ")
