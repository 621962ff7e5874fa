"""What a unit's system sends back: a step of a case, signed."""

from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from api.access import UNIT_ACTS
from cases.vocabulary import Value


def _known(act: str) -> str:
    if act not in UNIT_ACTS:
        raise ValueError(f"must be one of {', '.join(UNIT_ACTS)}")
    return act


class CallbackData(BaseModel):
    """The case, and what the body of the step holds."""

    model_config = ConfigDict(frozen=True, extra="allow")

    case_number: str = Field(max_length=100)
    assist: int | None = Field(None, ge=1, le=10_000, description="Which call of the case, for the `assist_` steps.")

    @property
    def content(self) -> dict[str, Any]:
        """What the body of the step would hold."""
        return dict(self.model_extra or {})


class CallbackBody(Value):
    """A step that a unit's system tells."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "acknowledge",
                    "timestamp": "2026-03-02T09:12:00+08:00",
                    "data": {"case_number": "YZV0-RSFK-BP0G-3", "note": "team 3 is on its way"},
                },
                {
                    "type": "report",
                    "timestamp": "2026-03-02T15:40:00+08:00",
                    "data": {"case_number": "YZV0-RSFK-BP0G-3", "outcome": "solved", "note": "the pipe is mended"},
                },
                {
                    "type": "assist_report",
                    "timestamp": "2026-03-02T15:40:00+08:00",
                    "data": {"case_number": "YZV0-RSFK-BP0G-3", "assist": 1, "note": "62 decibels"},
                },
            ]
        }
    )

    type: Annotated[str, AfterValidator(_known)] = Field(
        description="The step, as `allowed` names it.", json_schema_extra={"enum": list(UNIT_ACTS)}
    )
    timestamp: AwareDatetime | None = Field(
        None, description="When it happened at your side. For the limits counts when the hotline gets it."
    )
    data: CallbackData
