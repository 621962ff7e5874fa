"""Gateways for short messages, and services that people chat by: everything that Apprise knows but mail."""

import asyncio
import logging
import re
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from activities.notices import bots
from activities.notices.channel import Letter, NotSentError

_PATIENCE = 20.0
"""Seconds that one message may take, as Apprise counts."""

_GRACE = 5.0

_STATUS = re.compile(r"error=(\d{3})\b")
_HOPELESS = frozenset({400, 413, 414, 415, 422})
"""Answers that say the message or the number is wrong. Others may be about the account, which people can mend."""


class Gateways:
    """Sends by Apprise, whose calls wait in threads of their own: as many as a courier has under way at once.

    With fewer, those that wait for a thread behind a slow service would count as not answered.
    """

    def __init__(self, at_once: int = 64) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="gateway")
        _silence()

    async def send(self, url: str, letter: Letter) -> None:
        """Send something to the address that a URL of Apprise holds.

        Raises:
            NotSentError: it did not go out, or nobody knows whether it did.
        """
        call = asyncio.get_running_loop().run_in_executor(self._threads, _notify, url, letter)
        try:
            async with asyncio.timeout(_PATIENCE + _GRACE):
                await call
        except TimeoutError:
            raise NotSentError(f"the service did not answer within {_PATIENCE:g} seconds") from None

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def known(url: str) -> bool:
    """Whether Apprise knows such a service, and finds in the URL what that needs."""
    _silence()
    return _service(url) is not None


def _notify(url: str, letter: Letter) -> None:
    import apprise

    service = _service(url)
    if service is None:
        raise NotSentError("the service does not take such an address", for_good=True)
    if (bot := bots.call(service, letter.body)) is not None:
        bot.make(_PATIENCE)
        return
    carrier = apprise.Apprise(asset=service.asset)
    carrier.add(service)
    # What has no place for a title would have it before the text, which is complete without.
    title = letter.subject if service.title_maxlen > 0 else ""
    result = carrier.notify(letter.body, title, body_format=apprise.NotifyFormat.TEXT, timeout=_PATIENCE)
    if result:
        return
    found = [match[1] for one in result for entry in one.logs() if (match := _STATUS.search(entry.message))]
    if found:
        code = int(found[-1])
        raise NotSentError(f"the service answered {code}", for_good=code in _HOPELESS)
    raise NotSentError("the service could not be reached, or did not take it")


def _service(url: str) -> Any:
    import apprise

    # Where a gateway moved, or wants a login, the page behind the redirect would pass for its answer.
    asset = apprise.AppriseAsset(
        app_id="hotline",
        app_desc="hotline",
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        async_mode=False,
        http_redirects=False,
    )
    with warnings.catch_warnings():
        # It loads all its services at the first call, and some stand on what Python is about to drop.
        warnings.simplefilter("ignore", DeprecationWarning)
        return apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)


def _silence() -> None:
    """Keep addresses and secrets, which these libraries log, out of the service's log."""
    told = logging.getLogger("apprise")
    told.propagate = False
    # It is read again from what the call returns, and so must not be lower.
    told.setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    # The address of a bot is its secret.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("httpcore").setLevel(logging.WARNING)
