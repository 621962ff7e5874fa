"""Which addresses a unit's system may have: so that nobody can have the service speak to what only it can reach."""

from collections.abc import Iterable, Sequence
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit, urlunsplit

from cases.errors import InvalidError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_LONGEST = 2_000
_ORDERS = "/orders"
_SETTING = "HOTLINE_UNIT_NETWORKS"

_CLOSED: dict[str, tuple[str, ...]] = {
    "a loopback address": ("127.0.0.0/8", "::1/128"),
    "an address of a private network": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"),
    "a link-local address": ("169.254.0.0/16", "fe80::/10"),
    "an address that a provider shares among customers": ("100.64.0.0/10",),
    "a multicast address": ("224.0.0.0/4", "ff00::/8"),
    "an address that stands for none": ("0.0.0.0/8", "::/128"),
    "a reserved address": (
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        *("240.0.0.0/4", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    ),
}
"""Listed here, and not asked of the standard library, which judges some of them otherwise from release to release."""

_KINDS: list[tuple[str, Network]] = [(kind, ip_network(text)) for kind, texts in _CLOSED.items() for text in texts]
_GLOBAL = IPv6Network("2000::/3")
"""All that is given out of IPv6. What else looks like it leads somewhere else, or nowhere."""

_TRANSLATED = IPv6Network("64:ff9b::/96")
"""How a network without IPv4 writes addresses of it (RFC 6052): the last 32 bits are the address that is reached."""


def networks(text: str, field: str = "unit_networks") -> tuple[Network, ...]:
    """The networks that a list names, separated by commas: `10.20.0.0/16, fd00:1::/48`.

    Raises:
        InvalidError: one of them is none.
    """
    found: list[Network] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            found.append(ip_network(part))
        except ValueError as error:
            detail = f"{error}; name networks like 10.20.0.0/16, separated by commas"
            raise InvalidError(field, detail) from None
    return tuple(found)


def parts(url: str, field: str = "endpoint") -> SplitResult:
    """Take the address of a system apart.

    Raises:
        InvalidError: it is none that orders can be posted to.
    """
    if len(url) > _LONGEST or not url.isascii() or any(character <= " " or character == "\x7f" for character in url):
        raise InvalidError(
            field,
            f"must be at most {_LONGEST} characters of ASCII without spaces; write other letters in their coded form",
        )
    try:
        split = urlsplit(url)
        named = bool(split.hostname) and (split.port is None or split.port > 0)
    except ValueError:
        named = False
    if not named or split.scheme not in ("http", "https") or "\\" in url:
        raise InvalidError(field, "must be an address like https://orders.example.gov/hotline")
    if "@" in split.netloc:
        raise InvalidError(field, "must not hold a name or password; what is sent is signed, which shows who sends it")
    if "#" in url:
        raise InvalidError(field, "must not have a part after '#', which no server gets to see; leave it out")
    return split


def orders_url(endpoint: str) -> str:
    """Where orders are posted: at `/orders` under the address of the unit's system, whose query is kept."""
    split = urlsplit(endpoint)
    return urlunsplit(split._replace(path=split.path.rstrip("/") + _ORDERS))


def check_target(url: str, addresses: Iterable[str], allowed: Sequence[Network] = (), field: str = "endpoint") -> None:
    """Refuse an address to which no order may go.

    Args:
        url: The address of a unit's system.
        addresses: What its host's name leads to now; all of them count, as any of them may be spoken to.
        allowed: Networks that are open to units besides the public ones, as the setting HOTLINE_UNIT_NETWORKS has it.
        field: What the address is called where it was given.

    Raises:
        InvalidError: it is no address of a system, leads nowhere or where it must not, or is not encrypted.
    """
    split = parts(url, field)
    found = list(addresses)
    if not found:
        raise InvalidError(field, f"the name {split.hostname} leads to no address; check how it is written")
    for text in found:
        address = _address(text)
        if address is not None and _within(address, allowed):
            continue
        if split.scheme != "https":
            raise InvalidError(
                field,
                f"must begin with https://: orders hold personal data. Without encryption {split.hostname} may be "
                f"reached only in networks that {_SETTING} names",
            )
        if (kind := _closed(address)) is not None:
            raise InvalidError(
                field,
                f"{split.hostname} leads to {text}, {kind}. Give a public address, or, if this one is meant, "
                f"have its network named in {_SETTING}",
            )


def _address(text: str) -> Address | None:
    try:
        return _meant(ip_address(text))
    except (AddressValueError, ValueError):
        return None


def _meant(address: Address) -> Address:
    """The address that one of IPv6 stands for, where it is only a way to write one of IPv4."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _TRANSLATED:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _within(address: Address, allowed: Sequence[Network]) -> bool:
    return any(address in network for network in allowed)


def _closed(address: Address | None) -> str | None:
    if address is None:
        return "which is no address"
    kind = next((kind for kind, network in _KINDS if address in network), None)
    if kind is None and isinstance(address, IPv6Address) and address not in _GLOBAL:
        return "a reserved address"
    return kind
