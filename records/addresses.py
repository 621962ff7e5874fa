"""What the names of units' systems lead to, looked up without anybody waiting for somebody else's name."""

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from cases.errors import InvalidError
from cases.targets import Network, check_target, parts

_AT_ONCE = 32
"""Names that are looked up at the same time: the system's resolver may sit on one for half a minute."""

_PATIENCE = 5.0
"""Seconds that a look-up may take."""


class Resolver:
    """Looks names up. Those who ask for the same name at the same time get the same answer."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="names")
        self._asked: dict[tuple[str, int], asyncio.Task[tuple[str, ...]]] = {}

    async def look_up(self, host: str, port: int) -> tuple[str, ...]:
        """The addresses that a name leads to; none if it is not known.

        Raises:
            TimeoutError: nobody answered in time.
        """
        place = (host, port)
        if place not in self._asked:
            self._asked[place] = asyncio.create_task(self._ask(host, port))
            self._asked[place].add_done_callback(lambda _: self._asked.pop(place, None))
        async with asyncio.timeout(_PATIENCE):
            return await asyncio.shield(self._asked[place])

    async def _ask(self, host: str, port: int) -> tuple[str, ...]:
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._threads, _addresses, host, port)
        except (OSError, UnicodeError):
            return ()
        return tuple(dict.fromkeys(found))

    def close(self) -> None:
        """Wait for nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


async def check_reachable(url: str, allowed: Sequence[Network] = (), field: str = "endpoint") -> None:
    """Refuse the address of a unit's system if no order may go where it leads now.

    Raises:
        InvalidError: it is no address, leads nowhere or where it must not, or is not encrypted.
    """
    split = parts(url, field)
    resolver = Resolver()
    try:
        found = await resolver.look_up(split.hostname or "", split.port or 443)
    except TimeoutError:
        raise InvalidError(field, f"nobody knows yet where {split.hostname} is; try again in a moment") from None
    finally:
        resolver.close()
    check_target(url, found, allowed, field)


def _addresses(host: str, port: int) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
