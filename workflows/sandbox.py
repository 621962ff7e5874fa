"""How the workers run workflow code: in Temporal's sandbox, with what is pure let through."""

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

SANDBOX = SandboxedWorkflowRunner(
    restrictions=SandboxRestrictions.default.with_passthrough_modules("cases", "activities.messages", "pydantic")
)
"""The domain is let through because it is pure, which a test holds; loading it anew for each case would be waste."""
