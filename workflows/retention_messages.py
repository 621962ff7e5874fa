"""What is said to the workflow that erases the cases whose time is over, and what it tells."""

from pydantic import AwareDatetime, BaseModel, ConfigDict

from activities.messages import DuePlace

WORKFLOW = "Retention"
SCHEDULE = "hotline-retention"


class RetentionStart(BaseModel):
    """How a run begins, and what it carries over to the next after so many pages.

    `now` is the moment by which a case must have reached its age; it stays the same for the whole way. `after` is
    where that stands. So many cases are erased `a_second`.
    """

    model_config = ConfigDict(frozen=True)

    now: AwareDatetime | None = None
    after: DuePlace | None = None
    erased: int = 0
    failed: int = 0
    page_size: int = 100
    pages_a_run: int = 100
    a_second: float = 20.0


class RetentionDone(BaseModel):
    """What one way came to: cases erased, those that could not be, erased ones settled outside, keys dropped."""

    model_config = ConfigDict(frozen=True)

    erased: int = 0
    failed: int = 0
    settled: int = 0
    keys_dropped: int = 0
