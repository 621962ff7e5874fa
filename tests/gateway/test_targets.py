"""Where orders may go: to public addresses over encrypted connections, and where a city has opened a network."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.errors import InvalidError
from cases.targets import check_target, networks, orders_url
from records.addresses import check_reachable

URL = "https://orders.example.gov/hotline"
PUBLIC = ("8.8.8.8", "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "2400:3200::1", "64:ff9b::808:808")
CLOSED = (
    *("127.0.0.1", "127.255.255.255", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1"),  # noqa: S104
    *("169.254.169.254", "100.64.0.1", "192.0.0.1", "198.18.0.1", "203.0.113.9", "224.0.0.1", "240.0.0.1"),
    *("255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1"),
    *("64:ff9b:1::1", "fc00::1", "fd12::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2001:db8::1"),
    *("2002:7f00:1::", "2001:0:7f00:1::", "100::1", "3fff::1", "not-an-address"),
)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_reached(address: str) -> None:
    check_target(URL, [address])


@pytest.mark.parametrize("address", CLOSED)
def test_no_other_may_wherever_it_stands_among_the_addresses_of_a_name(address: str) -> None:
    for addresses in ([address], ["8.8.8.8", address], [address, "8.8.8.8"]):
        with pytest.raises(InvalidError, match=r"^endpoint: .*HOTLINE_UNIT_NETWORKS"):
            check_target(URL, addresses)


@given(st.ip_addresses())
def test_what_the_standard_library_knows_as_closed_is_closed(address: IPv4Address | IPv6Address) -> None:
    if isinstance(address, IPv6Address) and (address.ipv4_mapped or address in IPv6Network("64:ff9b::/96")):
        # Judged by the address that they stand for: see below.
        return
    known = address.is_private or address.is_loopback or address.is_link_local or address.is_multicast
    if known or address.is_reserved or address.is_unspecified:
        with pytest.raises(InvalidError):
            check_target(URL, [str(address)])


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_alike_however_it_is_written(address: IPv4Address) -> None:
    def judged(text: str) -> bool:
        try:
            check_target(URL, [text])
        except InvalidError:
            return False
        return True

    written = (f"::ffff:{address}", f"64:ff9b::{address}")
    assert {judged(text) for text in written} == {judged(str(address))}
    assert all(ip_address(text).version == 6 for text in written)


def test_a_city_may_open_networks_and_only_there_an_address_may_be_unencrypted() -> None:
    allowed = networks("10.20.0.0/16, fd00:20::/48")
    for address in ("10.20.3.4", "::ffff:10.20.3.4", "fd00:20::7"):
        check_target("http://orders.example.gov", [address], allowed)
        check_target(URL, [address, "8.8.8.8"], allowed)
    for address in ("10.21.3.4", "fd00:21::7", "8.8.8.8"):
        with pytest.raises(InvalidError, match="https"):
            check_target("http://orders.example.gov", [address], allowed)
    with pytest.raises(InvalidError, match=r"10\.21\.3\.4"):
        check_target(URL, ["10.20.3.4", "10.21.3.4"], allowed)


@pytest.mark.parametrize(
    "url",
    [
        *("", "orders.example.gov", "ftp://orders.example.gov", "file:///etc/passwd", "https://", "https:///orders"),
        *("https://name:secret@orders.example.gov", "https://orders.example.gov#part", "https://a b.example"),
        *("https://orders.example.gov:0", "https://orders.example.gov:99999", "https://[::1", "https://\n.example"),
        *("https://8.8.8.8\\@127.0.0.1/", "https://ordérs.example", f"https://orders.example/{'x' * 2_000}"),
    ],
)
def test_what_is_no_address_of_a_system_is_refused_by_the_name_of_its_field(url: str) -> None:
    with pytest.raises(InvalidError) as refused:
        check_target(url, ["8.8.8.8"], field="system.endpoint")
    assert refused.value.field == "system.endpoint"
    assert "secret" not in str(refused.value)


def test_a_name_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(InvalidError, match="no address"):
        check_target(URL, [])


@pytest.mark.parametrize("text", ["10.0.0.0/33", "10.0.0.1/8", "everywhere", "10.0.0.0/8;11.0.0.0/8"])
def test_networks_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InvalidError, match=r"^unit_networks: .*10\.20\.0\.0/16"):
        networks(text)


@pytest.mark.parametrize(
    ("endpoint", "posted_to"),
    [
        ("https://orders.example.gov", "https://orders.example.gov/orders"),
        ("https://orders.example.gov/", "https://orders.example.gov/orders"),
        ("https://orders.example.gov/a/b/?key=7", "https://orders.example.gov/a/b/orders?key=7"),
        ("http://[::1]:8080/a", "http://[::1]:8080/a/orders"),
    ],
)
def test_orders_are_posted_under_the_address(endpoint: str, posted_to: str) -> None:
    assert orders_url(endpoint) == posted_to


@pytest.mark.parametrize("url", ["https://localhost:8400", "https://0x7f.1/", "https://2130706433", "https://[::1]/"])
async def test_an_address_is_looked_up_before_it_is_taken(url: str) -> None:
    with pytest.raises(InvalidError, match="loopback"):
        await check_reachable(url)
    await check_reachable(url, networks("127.0.0.0/8, ::1/128"))


async def test_a_name_that_nobody_knows_is_not_taken() -> None:
    with pytest.raises(InvalidError, match=r"^endpoint: .*nowhere\.invalid"):
        await check_reachable("https://nowhere.invalid")
