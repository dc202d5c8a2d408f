"""The known keys: found by their secret, read again when the file changes, and never open by accident."""

import ast
import inspect
import logging
import textwrap
from datetime import UTC, date, datetime

import pytest

from server.access import key_ring
from server.access.key_ring import KeyRing
from server.access.secret import PREFIX, new_secret
from server.errors import AuthenticationError, ConfigurationError
from tests.keys import make_key


def test_a_key_of_the_file_and_one_of_the_configuration_are_found(add, config):
    secret, entry = make_key("of-config", weight=2.0)
    ring = KeyRing(config(keys=[entry]))
    of_file = add("of-file")
    ring.reload()
    assert ring.find(secret).name == "of-config"
    assert ring.find(of_file).name == "of-file"


def test_an_unknown_a_mistyped_and_a_foreign_secret_are_told_apart(add, config):
    add()
    ring = KeyRing(config())
    with pytest.raises(AuthenticationError, match="not known here"):
        ring.find(new_secret())
    for foreign in ("", "any", "sk-proj-abc", new_secret()[:-1], PREFIX, "\udcff"):
        with pytest.raises(AuthenticationError, match="not one of this server, or not complete"):
            ring.find(foreign)


def test_the_hash_of_a_weak_secret_is_of_no_use(config):
    _, entry = make_key()
    _, weak = make_key("weak")
    weak["sha256"] = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"  # of "password"
    with pytest.raises(AuthenticationError):
        KeyRing(config(keys=[entry, weak])).find("password")


def test_secrets_are_compared_as_hashes_and_in_constant_time():
    """By construction: the secret is only hashed; the hash is looked up, and then compared in constant time."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(KeyRing.find)))
    uses = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and "secret" in ast.unparse(node.args)
    ]
    assert sorted(uses) == ["hash_secret(secret)", "is_well_formed(secret)"]
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert "hmac.compare_digest" in calls
    compared = [node for node in ast.walk(tree) if isinstance(node, ast.Compare)]
    assert [ast.unparse(node) for node in compared] == ["key is None"]


class LastMinute(datetime):
    """Of a day."""

    @classmethod
    def now(cls, tz=None):
        return datetime(2026, 3, 2, 23, 59, tzinfo=UTC)


def test_an_expired_key_is_told_so(config, monkeypatch):
    monkeypatch.setattr(key_ring, "datetime", LastMinute)
    for day, valid in ((1, False), (2, True), (3, True)):
        secret, entry = make_key(expires=date(2026, 3, day))
        ring = KeyRing(config(keys=[entry]))
        if valid:
            ring.find(secret)
        else:
            with pytest.raises(AuthenticationError, match="reception expired after"):
                ring.find(secret)


@pytest.mark.parametrize(
    ("required", "none", "empty", "one"),
    [("auto", False, True, True), ("always", True, True, True), ("never", False, False, False)],
)
def test_a_key_is_required_as_configured(key_file, add, config, required, none, empty, one):
    assert KeyRing(config(required=required)).is_required is none
    add()
    assert KeyRing(config(required=required)).is_required is one
    key_file.change(lambda _: [])
    assert KeyRing(config(required=required)).is_required is empty


def test_the_last_key_that_is_revoked_leaves_the_server_closed(key_file, add, config):
    secret = add()
    ring = KeyRing(config())
    key_file.change(lambda _: [])
    assert ring.is_outdated
    ring.reload()
    assert ring.is_required
    with pytest.raises(AuthenticationError):
        ring.find(secret)


@pytest.mark.parametrize("damage", [lambda path: path.write_text("keys: ["), lambda path: path.unlink()])
def test_a_damaged_or_missing_file_changes_no_key_and_is_logged_once(key_file, add, config, damage, caplog):
    secret = add()
    ring = KeyRing(config())
    damage(key_file.path)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            ring.reload()
    assert ring.find(secret).name == "reception"
    assert ring.is_required
    assert len(caplog.records) == 1
    assert "the keys stay as they were" in caplog.text
    key_file.path.write_text("keys: []")
    other = add("other")
    ring.reload()
    assert ring.find(other).name == "other"


def test_a_damaged_file_stops_the_start(key_file, config):
    key_file.path.parent.mkdir()
    key_file.path.write_text("keys: [")
    with pytest.raises(ConfigurationError, match="is not valid YAML"):
        KeyRing(config())


def test_an_unchanged_file_is_not_read_again(add, config, monkeypatch):
    add()
    ring = KeyRing(config())
    monkeypatch.setattr("server.access.key_file.KeyFile.read", lambda _: pytest.fail("read again"))
    assert not ring.is_outdated
    ring.reload()


def test_two_keys_of_one_name_or_one_secret_are_refused(add, config):
    _, entry = make_key("a")
    for other in ({**entry, "name": "b"}, {**entry, "sha256": "0" * 64}):
        with pytest.raises(ConfigurationError, match="listed twice"):
            KeyRing(config(keys=[entry, other]))
    add("a")
    ring = KeyRing(config())
    with pytest.raises(ConfigurationError, match="listed twice"):
        ring.check(config(keys=[entry]))


def test_another_configuration_brings_other_keys(add, config):
    of_file = add("of-file")
    (old, old_entry), (new, new_entry) = make_key("old"), make_key("new")
    ring = KeyRing(config(keys=[old_entry]))
    ring.reconfigure(config(keys=[new_entry], required="always"))
    assert {ring.find(secret).name for secret in (new, of_file)} == {"new", "of-file"}
    with pytest.raises(AuthenticationError):
        ring.find(old)
