"""Secrets: never in output, in messages or in representations of the configuration."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from server.config.sections.section import HIDDEN, SHOWN, Hidden, Secret, SecretUrl, Section
from server.config.setting import Setting
from server.config.validation import messages
from server.config.value_text import parse_value
from server.config.yaml_file import parse_yaml

SECRET = "correct-horse"


class Entry(Section):
    """An entry of a list."""

    name: str = ""
    digest: Hidden[str] = Field(default="", pattern="^[a-z-]*$")


class Sensitive(Section):
    """All kinds of secrets."""

    secret: Secret = Secret("")
    url: SecretUrl | None = None
    digest: Hidden[str] = Field(default="", max_length=20)
    entries: tuple[Entry, ...] = Field(default=(), strict=False)
    by_name: dict[str, Secret] = Field(default={})


CONTENT = {
    "secret": SECRET, "url": f"redis://user:{SECRET}@host:6379/0?password={SECRET}", "digest": SECRET,
    "entries": [{"name": "a", "digest": SECRET}], "by_name": {"a": SECRET},
}  # fmt: skip


def test_secrets_are_hidden_where_people_see_them_and_readable_for_the_program():
    section = Sensitive.model_validate(CONTENT)
    shown = json.dumps(section.model_dump(mode="json", context=SHOWN))
    assert SECRET not in shown
    assert "redis://user:**********@host:6379/0?**********" in shown
    assert section.secret.get_secret_value() == section.by_name["a"].get_secret_value() == SECRET
    assert section.url is not None
    assert section.url.get_secret_value() == CONTENT["url"]
    assert section.entries[0].digest == SECRET
    assert section.model_dump(mode="json")["digest"] == SECRET, "files of the program have it"
    section = Sensitive.model_validate({**CONTENT, "digest": "", "entries": []})
    assert SECRET not in repr(section)
    assert SECRET not in str(section)


WORDS = st.text(st.characters(codec="utf-8"), min_size=8).filter(lambda text: text not in "**********")


@given(st.sampled_from(["redis", "rediss", "https"]), st.text(max_size=5), WORDS, st.text(max_size=10), st.booleans())
def test_no_password_of_a_url_is_shown(scheme, user, password, rest, quoted):
    password = f"SECRET{password}SECRET"
    written = quote(password, safe="") if quoted else password
    for url in (f"{scheme}://{user}:{written}@{rest}", f"{scheme}://{written}@{rest}", f"{scheme}://h/0?p={written}"):
        shown = str(SecretUrl(url))
        assert "SECRET" not in shown


@pytest.mark.parametrize("url", ["redis://localhost:6379/0", "https://example.org/a/b", ""])
def test_a_url_without_a_secret_is_shown_whole(url):
    assert str(SecretUrl(url)) == url


@pytest.mark.parametrize(
    "content",
    [
        {"secret": [SECRET]}, {"url": {SECRET: SECRET}}, {"digest": SECRET * 9},
        {"entries": [{"digest": f"{SECRET}1"}]}, {"entries": [{"digest": {"x": SECRET}}]},
        {"entries": SECRET}, {"entries": [SECRET]},
        {"by_name": {"a": [SECRET]}}, {"by_name": SECRET}, {"entries": [{"digest": SECRET, "nme": SECRET}]},
    ],
)  # fmt: skip
def test_no_message_has_a_secret(content, monkeypatch):
    from server.config import keys as module
    from server.config import validation

    found = {f"kept.{name}": module.Key("kept", name, field) for name, field in Sensitive.model_fields.items()}
    monkeypatch.setattr(validation, "keys", lambda: found)
    monkeypatch.setattr(validation, "sections", lambda: {"kept": Sensitive})

    class Whole(Section):
        kept: Sensitive = Sensitive()

    with pytest.raises(ValidationError) as caught:
        Whole.model_validate({"kept": content})
    settings = {f"kept.{name}": Setting(value, "file", f"file: kept.{name}") for name, value in content.items()}
    shown = "\n".join(messages(caught.value, settings))
    assert "kept." in shown
    assert SECRET not in shown


@pytest.mark.parametrize(
    "text", [f"*{SECRET}", f"!{SECRET} a", f"a: !{SECRET}", f"a: [{SECRET}", f"a: '{SECRET}", f"\t{SECRET}: a"]
)
def test_errors_of_yaml_do_not_quote_the_text(text):
    with pytest.raises(ValueError, match=r"line|alias|YAML|tab|quote|expected|found") as caught:
        parse_yaml(text)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("text", [SECRET, "*x", "{", "", "no", "0x10"])
def test_a_secret_is_taken_as_it_is(text):
    value: Any = parse_value(text, Sensitive.model_fields["secret"])
    assert Sensitive(secret=value).secret.get_secret_value() == text


def test_the_mark_is_the_same_for_all():
    assert str(Secret("x")) == HIDDEN
