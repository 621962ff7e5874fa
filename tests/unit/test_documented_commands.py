"""Every command line that the pages show is one that the command takes: its names, its options and what they allow."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from cases.rights import ROLES
from hotline.cli import app

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "policies/README.md", *(ROOT / "docs").glob("*.md")]
)
SOURCES = sorted(
    path for folder in ("hotline", "api", "records", "cases", "vault") for path in (ROOT / folder).rglob("*.py")
)
COMMAND = get_command(app)

_SETTING = r"(?:[A-Z_]+=\S+ +)*"
_IN_A_BLOCK = re.compile(rf"^(?:\$ )?{_SETTING}hotline +(.+)$", re.MULTILINE)
_QUOTED = re.compile(rf"`{_SETTING}hotline +([^`]+)`", re.DOTALL)
_FENCED = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def lines_of(page: Path) -> list[str]:
    """What follows `hotline` in the blocks of a page and in its running text, without comments and continuations."""
    text = page.read_text()
    blocks = "\n".join(_FENCED.findall(text)).replace("\\\n", " ")
    quoted = _QUOTED.findall(_FENCED.sub("", text))
    return [" ".join(line.split()) for line in [*_IN_A_BLOCK.findall(blocks), *quoted]]


def words_of(line: str) -> list[str]:
    """The words of a line as a shell hands them over; what goes into a pipe or a file is another's."""
    words = shlex.split(re.sub(r"\s(\||>|>>|2>)\s.*", "", line), comments=True)
    return [word for word in words if word not in ("…", "...")]


def problem(words: list[str]) -> str | None:
    """What is wrong with a line: a command or option that there is not, or a role that nobody has."""
    command, rest = COMMAND, list(words)
    while rest and (inner := getattr(command, "commands", None)):
        if rest[0].startswith("-"):
            break
        if rest[0] not in inner:
            return f"there is no command {rest[0]!r}"
        command = inner[rest.pop(0)]
    options: dict[str, Any] = {
        name: one for one in command.params for name in (*one.opts, *one.secondary_opts) if name.startswith("-")
    }
    options["--help"] = None
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            continue
        name, _, value = word.partition("=")
        if name not in options:
            return f"`{' '.join(words)}` has no option {name}"
        one = options[name]
        if one is None or one.is_flag:
            continue
        if not value and not rest:
            # In running text an option may stand for itself: "`hotline x --y` says which".
            return None
        value = value or rest.pop(0)
        if name == "--role" and value not in ROLES:
            return f"there is no role {value!r}"
    return None


def shown() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for line in lines_of(page):
            yield page.name, line


def test_there_are_lines_to_check() -> None:
    found = list(shown())
    assert len(found) > 60
    assert {"README.md", "departments.md", "vault.md", "retention.md"} <= {page for page, _ in found}


@pytest.mark.parametrize(("page", "line"), sorted(set(shown())))
def test_what_a_page_shows_can_be_typed(page: str, line: str) -> None:
    assert problem(words_of(line)) is None


def test_what_help_and_errors_name_can_be_typed() -> None:
    wrong = {}
    for module in SOURCES:
        for line in re.findall(r"`hotline ([^`{}\"]+)`", module.read_text()):
            if (found := problem(words_of(" ".join(line.split())))) is not None:
                wrong[f"{module.relative_to(ROOT)}: {line}"] = found
    assert wrong == {}


def test_no_help_and_no_error_names_a_role_that_nobody_has() -> None:
    for module in SOURCES:
        for role in re.findall(r"--role ([a-z_]+)", module.read_text()):
            assert role in ROLES, module.name


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        ("kepd list", "no command 'kepd'"),
        ("kept lists", "no command 'lists'"),
        ("vault turn master --now", "no option --now"),
        ("keys create --role unit --unit water", "no role 'unit'"),
    ],
)
def test_a_stale_line_is_found(line: str, detail: str) -> None:
    assert detail in str(problem(words_of(line)))


def commands(command: object, path: tuple[str, ...] = ("hotline",)) -> Iterator[tuple[str, "typer.core.TyperCommand"]]:
    yield " ".join(path), command  # type: ignore[misc]
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


def test_help_reads_well_at_80_columns() -> None:
    for name, command in commands(COMMAND):
        # Only the first paragraph is filled anew; the lines of the others are shown as they are.
        for paragraph in str(command.help or "").split("\n\n")[1:]:
            lines = paragraph.splitlines()
            assert len(lines) == 1 or max(map(len, lines)) <= 76, f"{name}: {paragraph}"
