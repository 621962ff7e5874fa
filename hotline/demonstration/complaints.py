"""The sample complaints, brought in one after the other as on a morning at the hotline."""

import asyncio
import json
import logging
from importlib import resources
from typing import Any

from hotline.demonstration.chance import Chance
from hotline.door import Door, problem

_log = logging.getLogger(__name__)

_PAUSES = (0.3, 2.7)
"""Seconds between two complaints, from and to: sixty come in within a minute and a half."""


_ANSWERED_AT_ONCE = 0.5
"""The share of consultations that the person at the telephone can answer (Art. 11)."""

_TOLD = "已按知识库口径当场答复。Answered on the spot from the knowledge base."


def samples() -> list[dict[str, Any]]:
    """The complaints as they are posted."""
    text = resources.files("hotline.demonstration").joinpath("complaints.jsonl").read_text(encoding="utf-8")
    return [_triaged(json.loads(line)) for line in text.splitlines() if line.strip()]


def _triaged(complaint: dict[str, Any]) -> dict[str, Any]:
    lucky = Chance(complaint["source_ref"]).number("answered") < _ANSWERED_AT_ONCE
    if complaint["kind"] != "consultation" or not lucky:
        return complaint
    return complaint | {"triage": {"ground": "answered", "told": _TOLD}}


async def bring_in(door: Door) -> None:
    """Post every sample. What an earlier run has brought in is found there, and costs no pause."""
    for complaint in samples():
        reference = complaint["source_ref"]
        response = await door.post("/v1/cases", complaint, f"sample.{complaint['source']}.{reference}")
        if not response.is_success:
            _log.error("sample %s was not taken: %s", reference, problem(response))
        elif response.status_code == 201:
            await asyncio.sleep(Chance(reference).between("pause", *_PAUSES))
