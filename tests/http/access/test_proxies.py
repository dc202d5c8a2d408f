"""The address of a client: X-Forwarded-For counts only as far as trusted proxies wrote it."""

from ipaddress import ip_network

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given, settings
from hypothesis import strategies as st

from server.http.access.proxies import client_address

TRUSTED = tuple(map(ip_network, ("127.0.0.1", "10.0.0.0/8", "fd00::/8")))


def address(peer: str, *forwarded: str, trusted=TRUSTED) -> str:
    headers = [("X-Forwarded-For", value) for value in forwarded]
    request = make_mocked_request("GET", "/", headers=headers)
    return client_address(request.clone(remote=peer), trusted)


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("127.0.0.1", (), "127.0.0.1"),
        ("127.0.0.1", ("203.0.113.7",), "203.0.113.7"),
        ("203.0.113.9", ("192.0.2.1",), "203.0.113.9"),
        ("127.0.0.1", ("192.0.2.1, 203.0.113.7",), "203.0.113.7"),
        ("127.0.0.1", ("192.0.2.1, 203.0.113.7, 10.1.2.3",), "203.0.113.7"),
        ("127.0.0.1", ("192.0.2.1", "203.0.113.7", "10.1.2.3"), "203.0.113.7"),
        ("127.0.0.1", ("10.1.1.1, 10.2.2.2",), "10.1.1.1"),
        ("::ffff:127.0.0.1", ("203.0.113.7",), "203.0.113.7"),
        ("::ffff:203.0.113.9", ("192.0.2.1",), "203.0.113.9"),
        ("fd00::1", ("2001:db8::7",), "2001:db8::7"),
        ("127.0.0.1", ("[2001:db8::7]:1234",), "2001:db8::7"),
        ("127.0.0.1", ("203.0.113.7:1234",), "203.0.113.7"),
        ("127.0.0.1", ("evil\r\nX: y",), "127.0.0.1"),
        ("127.0.0.1", ("203.0.113.7, unknown",), "127.0.0.1"),
        ("127.0.0.1", ("unknown, 10.0.0.1",), "10.0.0.1"),
        ("127.0.0.1", ("",), "127.0.0.1"),
        ("", ("203.0.113.7",), ""),
    ],
)
def test_the_last_address_that_is_no_proxy_counts(peer, forwarded, expected):
    assert address(peer, *forwarded) == expected


def test_nothing_is_believed_without_trusted_proxies():
    assert address("127.0.0.1", "203.0.113.7", trusted=()) == "127.0.0.1"


@settings(derandomize=True)
@given(st.lists(st.text(max_size=40) | st.ip_addresses().map(str), max_size=6))
def test_whatever_a_client_invents_the_entry_of_the_proxy_counts(invented):
    assert address("10.0.0.1", *invented, "203.0.113.7") == "203.0.113.7"
    assert address("203.0.113.9", *invented) == "203.0.113.9"
