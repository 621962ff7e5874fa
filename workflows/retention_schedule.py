"""The schedule of the engine that begins the nightly erasing of cases whose time is over."""

from workflows.nightly import Nightly
from workflows.retention_messages import SCHEDULE, WORKFLOW, RetentionStart

ERASING = Nightly(
    schedule=SCHEDULE,
    workflow=WORKFLOW,
    start=RetentionStart(),
    hour=3,
    minute=20,
    summary="erases the cases whose time is over",
)

ensure = ERASING.ensure
begin_now = ERASING.begin_now
