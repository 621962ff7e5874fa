"""How tests run workflow code: in Temporal's sandbox, with what is pure let through.

It finds what is not deterministic before that is released. In service it would find nothing new, and cost a third of a
worker's throughput: it loads the code anew for each case, and steps in and out of itself for every payload.
"""

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

SANDBOX = SandboxedWorkflowRunner(
    restrictions=SandboxRestrictions.default.with_passthrough_modules("cases", "activities.messages", "pydantic")
)
"""The domain is let through because it is pure, which a test holds; loading it anew for each case would be waste."""
