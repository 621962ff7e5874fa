"""Orders to handling units (承办单位): posted to a unit's own system, or left in its mailbox."""

import time

import httpx
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.messages import DELIVER_ORDER, OrderForm
from records.register import Register

_ENDPOINTS_KEPT = 30.0
"""Seconds for which a unit's address is kept before it is looked up again."""

_WILL_HEAL = frozenset({408, 425, 429})


class Departments:
    """The units' systems. An order keeps its key over every attempt, so that a unit can tell a repeat."""

    def __init__(self, register: Register, client: httpx.AsyncClient) -> None:
        self._register = register
        self._client = client
        self._endpoints: dict[str, tuple[float, str | None]] = {}

    @activity.defn(name=DELIVER_ORDER)
    async def deliver(self, form: OrderForm) -> bool:
        """Post an order to its unit.

        Returns:
            Whether a system took it; False for a unit that has none and reads its orders from its mailbox.

        Raises:
            ApplicationError: the unit's system did not take it; not to be retried when it refused for good.
        """
        endpoint = await self._endpoint(form.unit)
        if endpoint is None:
            return False
        try:
            answer = await self._client.post(
                f"{endpoint.rstrip('/')}/orders",
                content=form.model_dump_json(),
                headers={"Content-Type": "application/json", "Idempotency-Key": form.key},
            )
        except httpx.HTTPError as error:
            raise ApplicationError(f"{form.unit} does not answer: {type(error).__name__}", type="no_answer") from None
        if answer.is_success:
            return True
        for_good = answer.is_client_error and answer.status_code not in _WILL_HEAL
        raise ApplicationError(
            f"{form.unit} answered {answer.status_code}",
            type="refused_by_unit" if for_good else "unit_failed",
            non_retryable=for_good,
        )

    async def _endpoint(self, unit: str) -> str | None:
        kept = self._endpoints.get(unit)
        if kept is not None and time.monotonic() - kept[0] < _ENDPOINTS_KEPT:
            return kept[1]
        try:
            row = await self._register.unit(unit)
        except Exception:
            if kept is None:
                raise
            # While the register is away, the last address known serves on: an order must not wait for it.
            return kept[1]
        endpoint = row.endpoint if row else None
        self._endpoints[unit] = (time.monotonic(), endpoint)
        return endpoint
