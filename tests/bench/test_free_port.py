"""Ports for servers that are started later."""

import socket

import pytest

from bench.load import free_port as ports
from bench.load.free_port import free_port


@pytest.fixture
def taken() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_the_system_gives_none_of_them_to_anybody_else() -> None:
    assert 1024 < free_port() < 32768


def test_a_port_that_is_listened_on_is_not_free(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    free = free_port()
    monkeypatch.setattr(ports, "_PORTS", (taken, free))
    monkeypatch.setattr(ports, "_TRIES", 2)
    assert {free_port() for _ in range(20)} == {free}


def test_without_a_free_port_an_error_says_so(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_PORTS", range(taken, taken + 1))
    monkeypatch.setattr(ports, "_TRIES", 1)
    with pytest.raises(OSError, match=f"none of 1 ports from {taken} to {taken} is free"):
        free_port()
