"""The imports flow one way, and the domain stays pure."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"cases", "vault", "records", "activities", "workflows", "worker", "api", "hotline", "policies"}
MAY_IMPORT = {
    "cases": set[str](),
    "vault": {"cases"},
    "records": {"cases", "vault"},
    "activities": {"cases", "vault", "records"},
    "workflows": {"cases", "vault", "activities"},
    "api": {"cases", "vault", "records", "workflows", "hotline"},
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


def in_a_fresh_python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603


NOTHING_OF_THE_TABLES = "sys.exit(sorted({'sqlmodel', 'sqlalchemy', 'records'} & set(sys.modules)) or 0)"


@pytest.mark.parametrize("module", [f"workflows.{one.stem}" for one in modules("workflows") if one.stem != "__init__"])
def test_workflow_modules_load_without_the_tables(module: str) -> None:
    ran = in_a_fresh_python(f"import sys, {module}; {NOTHING_OF_THE_TABLES}")
    assert ran.returncode == 0, ran.stderr


def test_the_sandbox_loads_the_case_without_the_tables() -> None:
    ran = in_a_fresh_python(
        "import asyncio, sys\n"
        "from temporalio.workflow import _Definition\n"
        "from workflows.complaint_case import ComplaintCase\n"
        "from workflows.sandbox import SANDBOX\n"
        "async def load(): SANDBOX.prepare_workflow(_Definition.must_from_class(ComplaintCase))\n"
        "asyncio.run(load())\n"
        f"{NOTHING_OF_THE_TABLES}"
    )
    assert ran.returncode == 0, ran.stderr
