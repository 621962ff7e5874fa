"""What a workflow asks of the engine, in words: each command with whatever of it makes a difference to a run."""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner

from workflows.sandbox import SANDBOX

_TIMEOUTS = ("schedule_to_close", "schedule_to_start", "start_to_close", "heartbeat")
_LOCAL = ("local_retry_threshold",)
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_NEVER = ("update_random_seed", "query_workflow", "remove_from_cache")
"""What the engine brings that has nothing to do with the workflow's code."""


class Watching(WorkflowRunner):
    """Runs workflows as the workers do, in the sandbox, and takes down what they ask for, and upon what.

    Watches one run; `lines` are its fingerprint.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []

    def prepare_workflow(self, defn: Any) -> None:
        """As the sandbox does."""
        SANDBOX.prepare_workflow(defn)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """One that is watched."""
        return _Watched(SANDBOX.create_instance(det), self, det.info.task_queue)


class _Watched(WorkflowInstance):
    def __init__(self, instance: WorkflowInstance, watching: Watching, queue: str) -> None:
        self._instance = instance
        self._watching = watching
        self._queue = queue
        self._names: dict[tuple[str, int], str] = {}

    def activate(self, act: Any) -> Any:
        woken = [self._brought(job) for job in act.jobs if job.WhichOneof("variant") not in _NEVER]
        done = self._instance.activate(act)
        asked = [
            self._asked(one) for one in done.successful.commands if one.WhichOneof("variant") != "respond_to_query"
        ]
        if woken or asked:
            self._watching.lines.append(", ".join(woken) or "goes on")
            self._watching.lines += [f"  {line}" for line in asked]
        if done.HasField("failed"):
            self._watching.lines.append(f"  fails: {_said(done.failed.failure)[:300]}")
        return done

    def get_serialization_context(self, command_info: Any) -> Any:
        return self._instance.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> Any:
        return self._instance.get_external_store_context(command_info)

    def get_info(self) -> Any:
        return self._instance.get_info()

    def _brought(self, job: Any) -> str:
        variant = job.WhichOneof("variant")
        content = getattr(job, variant)
        match variant:
            case "initialize_workflow":
                return "begins"
            case "fire_timer":
                return f"{self._names.get(('timer', content.seq), 'timer')} is over"
            case "resolve_activity":
                name = self._names.get(("activity", content.seq), "activity")
                return f"{name} {content.result.WhichOneof('status')}"
            case "do_update":
                return f"update {content.name}"
            case "signal_workflow":
                return f"signal {content.signal_name}"
            case "notify_has_patch":
                return f"has the patch {content.patch_id}"
        return str(variant)

    def _asked(self, command: Any) -> str:
        variant = command.WhichOneof("variant")
        content = getattr(command, variant)
        summary = command.user_metadata.summary.data.decode()
        about = f" ({_without_names(summary)})" if summary else ""
        match variant:
            case "schedule_activity":
                self._names["activity", content.seq] = content.activity_type
                on = content.task_queue.replace(self._queue, "…", 1)
                options = [*_options(content), *_place(content), *([f"queue {on}"] if on != "…" else [])]
                return f"activity {content.activity_type}{about}: {', '.join(options)}"
            case "schedule_local_activity":
                self._names["activity", content.seq] = f"local {content.activity_type}"
                return f"local activity {content.activity_type}: {', '.join(_options(content))}"
            case "start_timer":
                self._names["timer", content.seq] = f"timer{about}"
                return f"timer{about} of {_span(content.start_to_fire_timeout)}"
            case "cancel_timer" | "request_cancel_activity" | "request_cancel_local_activity":
                what = "timer" if variant == "cancel_timer" else "activity"
                return f"cancel {self._names.get((what, content.seq), what)}"
        return _plain(variant, content)


def _said(failure: Any) -> str:
    """Why a task failed: the converter puts that away, as in production."""
    if failure.HasField("encoded_attributes"):
        return str(json.loads(failure.encoded_attributes.data)["message"])
    return str(failure.message)


def _plain(variant: str, content: Any) -> str:
    match variant:
        case "update_response":
            return f"update {content.WhichOneof('response')}"
        case "upsert_workflow_search_attributes":
            return f"search attributes {', '.join(sorted(_attributes(content)))}"
        case "set_patch_marker":
            return f"patch {content.patch_id}{', deprecated' if content.deprecated else ''}"
        case "start_child_workflow_execution":
            return f"child workflow {content.workflow_type}"
    return variant.removesuffix("_workflow_execution").replace("_", " ")


def _options(content: Any) -> Iterator[str]:
    for name in (*(f"{one}_timeout" for one in _TIMEOUTS), *_LOCAL):
        if name in content.DESCRIPTOR.fields_by_name and content.HasField(name):
            yield f"{name.removesuffix('_timeout').replace('_', ' ')} {_span(getattr(content, name))}"
    if content.HasField("retry_policy"):
        policy = content.retry_policy
        if policy.maximum_attempts == 1:
            yield "once"
        else:
            first, most = _span(policy.initial_interval), _span(policy.maximum_interval)
            times = f", {policy.maximum_attempts} times" if policy.maximum_attempts else ""
            yield f"again after {first} ×{policy.backoff_coefficient:g} up to {most}{times}"
        if policy.non_retryable_error_types:
            yield f"never after {', '.join(policy.non_retryable_error_types)}"
    if content.cancellation_type:
        yield f"cancellation {content.cancellation_type}"


def _place(content: Any) -> Iterator[str]:
    if content.HasField("priority"):
        fair = f" of {content.priority.fairness_key}" if content.priority.fairness_key else ""
        yield f"priority {content.priority.priority_key}{fair}"
    if content.do_not_eagerly_execute:
        yield "not eagerly"


def _attributes(content: Message) -> Sequence[str]:
    found: Any = getattr(content, "search_attributes")  # noqa: B009 - known to the generated class alone
    return list(found.indexed_fields if hasattr(found, "indexed_fields") else found)


def _without_names(summary: str) -> str:
    """The summary of an activity or timer, as JSON, without the number of a case at its end."""
    text = summary.strip('"')
    about, _, to = text.rpartition(" to ")
    return f"{about} to a case" if to.count("-") == 3 else text


def _span(duration: Duration) -> str:
    """A length of time, to the second, and to the minute from two minutes on: it counts from when it was recorded."""
    seconds: float = duration.ToTimedelta() / timedelta(seconds=1)
    rest = round(seconds / 60) * 60 if seconds >= 120 else round(seconds, 1)
    parts: list[str] = []
    for unit, size in _UNITS:
        if unit == "s" and (rest or not parts):
            parts.append(f"{rest:g} s")
        elif rest >= size and unit != "s":
            parts.append(f"{int(rest // size)} {unit}")
            rest %= size
    return " ".join(parts)
