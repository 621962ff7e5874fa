"""Ports that cannot be had are told before anything starts."""

import socket

import pytest

from hotline.errors import StartError
from hotline.ports import Wanted, claim
from tests.service.free import ports


def wanted(port: int, setting: str = "HOTLINE_API_PORT", host: str = "127.0.0.1") -> Wanted:
    return Wanted(part="the API", host=host, port=port, setting=setting)


def test_free_ports_are_left_free() -> None:
    first, second = ports(2)
    claim([wanted(first), wanted(second, "HOTLINE_UNITS_PORT")])
    claim([wanted(first), wanted(second, "HOTLINE_UNITS_PORT")])


def test_a_taken_port_is_told_with_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(StartError, match=f"port {port} for the API is taken .* HOTLINE_API_PORT={port + 1}"):
            claim([wanted(port)])


def test_all_that_is_wrong_is_told_at_once() -> None:
    (port,) = ports(1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        with pytest.raises(StartError) as told:
            claim([wanted(port), wanted(port, "HOTLINE_UNITS_PORT"), wanted(taken, "HOTLINE_TEMPORAL_PORT")])
    assert f"HOTLINE_API_PORT and HOTLINE_UNITS_PORT both say {port}" in str(told.value)
    assert f"HOTLINE_TEMPORAL_PORT={taken + 1}" in str(told.value)


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(StartError, match="cannot be had"):
        claim([wanted(ports(1)[0], host="203.0.113.7")])
