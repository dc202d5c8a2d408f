"""Keys in headers: the usual spellings are read, everything else is refused with a reason."""

import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from server.access.secret import new_secret
from server.errors import AuthenticationError
from server.http.access.credentials import secret_of, subprotocols

SECRET = new_secret()


def headers(*pairs: tuple[str, str]) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict(pairs))


@pytest.mark.parametrize(
    "pair",
    [
        ("Authorization", f"Bearer {SECRET}"),
        ("authorization", f"bearer {SECRET}"),
        ("AUTHORIZATION", f"  BEARER   {SECRET}\t"),
        ("Sec-WebSocket-Protocol", f"dashscope, api-key.{SECRET}"),
        ("Sec-WebSocket-Protocol", f"api-key.{SECRET},dashscope"),
    ],
)
def test_every_usual_spelling_is_read(pair):
    assert secret_of(headers(pair)) == SECRET


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic {}", "{}", "Bearer,{}", "Bearer\t"])
def test_what_cannot_be_read_is_refused(value):
    with pytest.raises(AuthenticationError, match="Authorization: Bearer KEY"):
        secret_of(headers(("Authorization", value.format(SECRET))))


def test_two_keys_are_refused_and_none_is_none():
    bearer, protocol = ("Authorization", f"Bearer {SECRET}"), ("Sec-WebSocket-Protocol", f"api-key.{SECRET}")
    for pairs in ((bearer, bearer), (bearer, protocol), (protocol, protocol)):
        with pytest.raises(AuthenticationError, match="more than one key"):
            secret_of(headers(*pairs))
    assert secret_of(headers(("Sec-WebSocket-Protocol", "dashscope"), ("X-Other", "Bearer x"))) is None


@settings(derandomize=True)
@given(st.lists(st.text(max_size=60), max_size=3), st.lists(st.text(max_size=60), max_size=3))
@example(["Bearer \udcff"], [])
def test_any_headers_give_a_secret_none_or_an_error(authorization, protocols):
    pairs = [("Authorization", value) for value in authorization]
    pairs += [("Sec-WebSocket-Protocol", value) for value in protocols]
    try:
        secret = secret_of(headers(*pairs))
    except AuthenticationError:
        assert pairs
    else:
        assert secret is None or any(secret in value for value in (*authorization, *protocols))


@settings(derandomize=True)
@given(st.text(string.ascii_letters + string.digits + "-._~", min_size=1), st.sampled_from([" ", "   "]))
def test_a_bearer_token_is_read_unchanged(token, space):
    assert secret_of(headers(("Authorization", f"bEaReR{space}{token}"))) == token


def test_offered_subprotocols_are_listed():
    assert subprotocols(headers()) == []
    offered = headers(("Sec-WebSocket-Protocol", "a, b,"), ("Sec-WebSocket-Protocol", "c"))
    assert subprotocols(offered) == ["a", "b", "c"]
