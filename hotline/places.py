"""Checks of settings that name other places: origins of web pages, proxies, and the store of attachments."""

import re
from ipaddress import ip_network
from urllib.parse import urlsplit

from pydantic_core import PydanticCustomError

_DEFAULT_PORTS = {"http": 80, "https": 443}
_ADDRESS = re.compile(r"[a-z0-9+.-]{2,}:", re.IGNORECASE)
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^/].*)?/?")


def listed(text: str) -> list[str]:
    """The parts of a setting that lists several by commas."""
    return [one for part in text.split(",") if (one := part.strip())]


def wrong(detail: str) -> PydanticCustomError:
    """The error that a setting is wrong, with what to write."""
    return PydanticCustomError("setting", "{detail}", {"detail": detail})


def origins(text: str) -> str:
    """Origins of web pages, exactly as browsers send them: another spelling would never fit, and let nobody in.

    Raises:
        PydanticCustomError: one of them is none.
    """
    for one in listed(text):
        if "*" in one:
            raise wrong(f"{one!r} would let every page in; write each origin, as https://desk.example.org")
        if not _is_origin(one):
            raise wrong(f"{one!r} is no origin; write scheme, host and perhaps port, as https://desk.example.org:8443")
    return text


def proxies(text: str) -> str:
    """Addresses or networks of proxies.

    Raises:
        PydanticCustomError: one of them is neither.
    """
    for one in listed(text):
        if one == "*":
            raise wrong(
                "'*' would believe whatever address a caller claims to have; write the proxies' own, as 10.0.0.7"
            )
        try:
            ip_network(one)
        except ValueError:
            raise wrong(f"{one!r} is no address and no network; write them as 10.0.0.7 or 10.0.0.0/24") from None
    return text


def store(text: str) -> str:
    """Where attachments are kept: a folder, or a bucket of S3.

    Raises:
        PydanticCustomError: it reads like an address, and is none of S3.
    """
    if _ADDRESS.match(text) and not _BUCKET.fullmatch(text):
        raise wrong(f"{text!r} is no place for them; write s3://bucket/folder, or the path of a folder")
    return text


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    named = f"[{host}]" if ":" in host else host
    own = f"{parts.scheme}://{named}" + (f":{port}" if port is not None else "")
    return (
        parts.scheme in _DEFAULT_PORTS
        and bool(re.fullmatch(r"[a-z0-9.-]+|[0-9a-f:.]*:[0-9a-f:.]*", host))
        and port != _DEFAULT_PORTS[parts.scheme]
        and own == text
    )
