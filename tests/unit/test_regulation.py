"""The map from the regulation to its tests is true: docs/regulation.md names only what is there, and every article."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "regulation.md"

OF_A_CASE = frozenset({2, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 19, 20, 23, 24, 33, 35})
"""The articles that ask something of a single case."""

BEYOND = frozenset({8, 24, 25, 26, 28, 29, 32, 34, 35})
"""The articles that ask something which other parts of the service will do: until then the page says so."""

_TEST = re.compile(r"`(tests/[a-z_/]+\.py)::(test_\w+)`")
_BEARS = re.compile(r"^test_art(?:icle)?_((?:\d+_)+)")
_LATER = "## Not yet covered"


class Row(NamedTuple):
    """One line of the table."""

    articles: tuple[int, ...]
    asks: str
    does: str
    tests: tuple[tuple[str, str], ...]


def rows(page: str) -> Iterator[Row]:
    for line in page.split(_LATER)[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and cells[0][:1].isdigit():
            articles, asks, does, tests = cells
            found = [(file, name) for file, name in _TEST.findall(tests)]
            yield Row(tuple(int(article) for article in articles.split(",")), asks, does, tuple(found))


@cache
def collected(file: str) -> frozenset[str]:
    """The test functions of a file, read and not run."""
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return frozenset(one.name for one in body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))


def borne(name: str) -> set[int]:
    """The articles that a test bears in its name."""
    found = _BEARS.match(name)
    return {int(article) for article in found[1].strip("_").split("_")} if found else set()


def problems(page: str) -> Iterator[str]:
    """What is not true in the page."""
    table = list(rows(page))
    for row in table:
        told = ", ".join(map(str, row.articles))
        if not (row.asks and row.does and row.tests):
            yield f"Art. {told}: every row says what is asked, what the software does, and by which test it is held"
        for file, name in row.tests:
            if name not in collected(file):
                yield f"Art. {told}: there is no test {file}::{name}"
        for article in row.articles:
            if not any(article in borne(name) for _, name in row.tests):
                yield f"Art. {article}: no test of its row bears it in its name ({row.asks})"
    for article in sorted(OF_A_CASE - {article for row in table for article in row.articles}):
        yield f"Art. {article}: it concerns a case and has no row"
    later = page.partition(_LATER)[2]
    listed = {int(number) for head in re.findall(r"\*\*Art\. ([\d, ]+)\*\*", later) for number in head.split(",")}
    for article in sorted(BEYOND - listed):
        yield f"Art. {article}: the page does not say what of it is not yet covered"


def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_every_article_that_concerns_a_case_is_held_by_tests_that_are_there() -> None:
    assert list(problems(page())) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param(
            "test_art_13_a_case_carries", "test_art_13_a_case_loses", "there is no test", id="a test that is gone"
        ),
        pytest.param("unit/test_whistle.py", "unit/test_gone.py", "there is no test", id="a file that is gone"),
        pytest.param("| 20 |", "| 21 |", "Art. 20: it concerns a case and has no row", id="an article without a row"),
        pytest.param(
            "::test_art_19_", "::test_", "Art. 19: no test of its row bears it", id="a test without its article"
        ),
        pytest.param("**Art. 34**", "Soon", "Art. 34: the page does not say", id="a gap that is passed over"),
    ],
)
def test_a_page_that_is_not_true_is_found_out(old: str, new: str, told: str) -> None:
    assert old in page()
    assert any(told in problem for problem in problems(page().replace(old, new)))


def test_a_row_without_a_test_is_found_out() -> None:
    bare = re.sub(r"`tests/unit/test_extension\.py::test_art_19_\w+`<br>`[^`]+`", "we are sure", page())
    assert bare != page()
    assert any(problem.startswith("Art. 19: every row") for problem in problems(bare))


def test_every_article_that_a_test_of_the_domain_bears_is_known() -> None:
    files = (path.relative_to(ROOT).as_posix() for path in (ROOT / "tests" / "unit").glob("test_*.py"))
    names = {article for file in files for name in collected(file) for article in borne(name)}
    assert names <= OF_A_CASE | BEYOND
    assert names >= OF_A_CASE
