"""The histories in the repository: those of the first release as they were exported, later ones packed, by release."""

import dataclasses
import gzip
import json
from base64 import b64decode, b64encode
from importlib.metadata import version
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DefaultFailureConverterWithEncodedAttributes

CONVERTER = dataclasses.replace(
    pydantic_data_converter, failure_converter_class=DefaultFailureConverterWithEncodedAttributes
)
"""As in production, but that payloads are not locked: a history in the repository can be read, and packs well."""

FOLDER = Path(__file__).parent / "histories"
RELEASE = FOLDER / version("hotline")
"""Where today's recordings go."""


def histories() -> list[Path]:
    """All of them."""
    return sorted(FOLDER.rglob("*.json")) + sorted(FOLDER.rglob("*.json.gz"))


def name_of(file: Path) -> str:
    """What a history is called, as `0.1.0/routine-1`."""
    return file.relative_to(FOLDER).as_posix().partition(".json")[0]


def read(file: Path) -> WorkflowHistory:
    """One history."""
    content = file.read_bytes()
    text = gzip.decompress(content) if file.suffix == ".gz" else content
    return WorkflowHistory.from_json("replayed", text.decode())


def write(file: Path, history: WorkflowHistory) -> None:
    """Keep a history, without what it tells of the machine that it was made on; the same one makes the same file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_anywhere(history.to_json_dict()), separators=(",", ":"), ensure_ascii=False)
    file.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def _anywhere(value: Any) -> Any:
    """A history without names of machines and processes, and without traces of their code."""
    if isinstance(value, list):
        return [_anywhere(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _anywhere(one) for name, one in value.items() if name not in ("identity", "stackTrace")}
    if kept.get("kind") == "TASK_QUEUE_KIND_STICKY":
        kept["name"] = "sticky"
    if "encodedAttributes" in kept:
        locked = kept["encodedAttributes"]
        told = json.loads(b64decode(locked["data"])) | {"stack_trace": ""}
        locked["data"] = b64encode(json.dumps(told, ensure_ascii=False).encode()).decode()
    return kept
