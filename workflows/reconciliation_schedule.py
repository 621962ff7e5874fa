"""The schedule of the engine that begins the nightly comparison of cases with their records."""

from workflows.nightly import Nightly
from workflows.reconciliation_messages import SCHEDULE, WORKFLOW, ReconciliationStart

RECONCILING = Nightly(
    schedule=SCHEDULE,
    workflow=WORKFLOW,
    start=ReconciliationStart(),
    hour=4,
    minute=50,
    summary="compares every case with its record",
)
