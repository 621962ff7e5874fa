"""Histories that earlier releases began are gone through by today's code, command for command."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from workflows.complaint_case import ComplaintCase
from workflows.sandbox import SANDBOX

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))


def test_there_are_histories() -> None:
    assert len(HISTORIES) >= 3


@pytest.mark.parametrize(
    "history", [file.read_text("utf-8") for file in HISTORIES], ids=[one.stem for one in HISTORIES]
)
async def test_an_open_case_goes_on_under_todays_code(history: str) -> None:
    replayer = Replayer(workflows=[ComplaintCase], data_converter=pydantic_data_converter, workflow_runner=SANDBOX)
    await replayer.replay_workflow(WorkflowHistory.from_json("replayed", history))
