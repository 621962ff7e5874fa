"""The imports flow one way, and the domain stays pure."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"cases", "records", "activities", "workflows", "worker", "api", "hotline", "policies"}
MAY_IMPORT = {
    "cases": set[str](),
    "records": {"cases"},
    "activities": {"cases", "records"},
    "workflows": {"cases", "activities"},
    "api": {"cases", "records", "workflows", "hotline"},
}
PURE = {"pydantic", "pydantic_core"}
CLOCKS = {"now", "utcnow", "today"}


def modules(package: str) -> list[Path]:
    found = sorted((ROOT / package).rglob("*.py"))
    assert found, f"no modules in {package}"
    return found


def imported(module: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def tops(module: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(module)}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_flow_one_way(package: str) -> None:
    for module in modules(package):
        wrong = (tops(module) & OURS) - MAY_IMPORT[package] - {package}
        assert not wrong, f"{module.relative_to(ROOT)} imports {sorted(wrong)}"


def test_workflows_know_only_the_messages_of_activities() -> None:
    for module in modules("workflows"):
        reached = {name for name in imported(module) if name.split(".")[0] == "activities"}
        assert reached <= {"activities.messages"}, f"{module.name} imports {reached}"


def test_the_domain_is_pure() -> None:
    for module in modules("cases"):
        foreign = tops(module) - set(sys.stdlib_module_names) - PURE - {"cases"}
        assert not foreign, f"{module.name} imports {sorted(foreign)}"
        calls = [node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Call)]
        asked = {call.func.attr for call in calls if isinstance(call.func, ast.Attribute)} & CLOCKS
        assert not asked, f"{module.name} asks a clock"


@pytest.mark.parametrize("module", ["workflows.complaint_case", "workflows.engine"])
def test_workflow_modules_load_without_the_tables(module: str) -> None:
    asked = f"import sys, {module}; sys.exit(sorted({{'sqlmodel', 'sqlalchemy', 'records'}} & set(sys.modules)) or 0)"
    ran = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert ran.returncode == 0, ran.stderr
