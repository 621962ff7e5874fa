"""Whether the ports that the service needs are free."""

import errno
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from hotline.errors import StartError


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A port that a part of the service will listen on, and the setting that chooses it."""

    part: str
    host: str
    port: int
    setting: str


def claim(wanted: Sequence[Wanted]) -> None:
    """See that every port can be had.

    Raises:
        StartError: one is taken, wanted twice, or may not be used; the text names the port and its setting.
    """
    chosen: dict[int, Wanted] = {}
    problems = []
    for one in wanted:
        other = chosen.setdefault(one.port, one)
        if other is not one:
            problems.append(f"{other.setting} and {one.setting} both say {one.port}; give them different ports")
        elif reason := _refusal(one):
            problems.append(
                f"port {one.port} for {one.part} {reason}; choose another one, for example {one.setting}={one.port + 1}"
            )
    if problems:
        raise StartError("; ".join(problems))


def _refusal(one: Wanted) -> str | None:
    try:
        found = socket.getaddrinfo(one.host, one.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror:
        return f"cannot be had: HOTLINE_HOST={one.host!r} is no address of this machine"
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as probe:
        # As servers do: a port whose last connections are only just closed is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return "is taken by another program"
            return f"cannot be had on {one.host} ({error.strerror})"
    return None
