"""Ports that are free, and stay so until they are used."""

import itertools
import random
import socket

_RANGE = range(10_000, 32_000)
"""Below those that systems give to outgoing connections, which come and go by the hundred while tests run."""

_untried = itertools.islice(itertools.cycle(_RANGE), random.randrange(len(_RANGE)), None)  # noqa: S311


def ports(count: int) -> list[int]:
    """So many different ports that nobody listens on now, and that this process was not given before."""
    return list(itertools.islice(filter(_is_free, _untried), count))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
