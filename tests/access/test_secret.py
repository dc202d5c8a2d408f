"""The secret of a key: its form, its checksum and its hash."""

import hashlib
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from server.access.secret import PATTERN, PREFIX, hash_secret, is_well_formed, new_secret


def test_a_new_secret_has_256_bits_in_a_form_that_scanners_find():
    secrets = {new_secret() for _ in range(200)}
    assert len(secrets) == 200
    assert all(re.fullmatch(r"sk-sambert-[0-9A-Za-z]{49}", secret) for secret in secrets)
    assert 62**42 < 2**256 < 62**43
    text = "".join(secret.removeprefix(PREFIX)[1:43] for secret in secrets)
    assert len(set(text)) == 62


def test_one_wrong_missing_or_additional_character_is_noticed():
    secret = new_secret()
    assert is_well_formed(secret)
    for place in range(len(PREFIX), len(secret)):
        other = "a" if secret[place] != "a" else "b"
        assert not is_well_formed(secret[:place] + other + secret[place + 1 :])
        assert not is_well_formed(secret[:place] + secret[place + 1 :])
    assert not any(map(is_well_formed, (secret + "\n", " " + secret, secret.upper(), "", PREFIX, "sk-" + secret)))


@settings(derandomize=True)
@given(st.text(max_size=80) | st.from_regex(PATTERN, fullmatch=True))
def test_any_text_may_be_asked_for(text):
    assert is_well_formed(text) in (True, False)
    assert re.fullmatch("[0-9a-f]{64}", hash_secret(text.encode("utf-8", "replace").decode()))


def test_the_hash_is_sha_256():
    assert hash_secret("abc") == hashlib.sha256(b"abc").hexdigest()
    assert hash_secret("\udcff") == hashlib.sha256(b"\xff").hexdigest()
