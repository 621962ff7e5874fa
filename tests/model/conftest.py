"""The real service that the model is compared with."""

from tests.workflow.conftest import service, unit_system

__all__ = ["service", "unit_system"]
