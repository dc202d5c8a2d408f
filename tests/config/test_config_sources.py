"""The environment and the command line over the file: precedence, origins, unknown names, and values as text."""

import json
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from server.config import Config, ConfigSources, load_config
from server.config.keys import Key, keys
from server.config.options import Option
from server.errors import ConfigurationError


def read(file: Path | None = None, environment: Mapping[str, str] | None = None, *options: Option) -> Config:
    return ConfigSources(file, environment or {}, options).read().config


def error_of(file: Path | None = None, environment: Mapping[str, str] | None = None, *options: Option) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(file, environment, *options)
    return str(caught.value)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    """The working directory has no config.yaml."""
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("server:\n  port: 1\n  host: file\nscheduler: {workers: 1}\n", encoding="utf-8")
    return path


def test_variables_override_the_file_and_options_override_both(file):
    variables = {"SAMBERT_SERVER__PORT": "2", "SAMBERT_SERVER__HOST": "environment"}
    effective = ConfigSources(file, variables, (Option("--port", "server.port", "3"),)).read()
    config, origins = effective.config, effective.origins
    assert (config.server.port, config.server.host, config.scheduler.workers) == (3, "environment", 1)
    assert origins["server.port"] == "--port"
    assert origins["server.host"] == "SAMBERT_SERVER__HOST"
    assert origins["scheduler.workers"] == f"{file}, line 4"
    assert origins["runtime.threads"] == "default"
    assert set(origins) == set(keys())


def test_of_two_options_for_one_key_the_last_one_counts():
    assert read(None, {}, Option.general("server.port=1"), Option("--port", "server.port", "2")).server.port == 2
    assert read(None, {}, Option("--port", "server.port", "2"), Option.general("server.port=1")).server.port == 1


def test_the_file_of_the_variable_is_read_unless_another_one_is_named(file, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text("server: {port: 9}", encoding="utf-8")
    assert read(None, {"SAMBERT_CONFIG": str(file)}).server.port == 1
    assert read(other, {"SAMBERT_CONFIG": str(file)}).server.port == 9
    assert f"SAMBERT_CONFIG: {tmp_path / 'no'} does not exist" in error_of(
        None, {"SAMBERT_CONFIG": str(tmp_path / "no")}
    )


def test_a_reload_reads_the_file_that_was_found_at_the_start(file, monkeypatch):
    monkeypatch.chdir(file.parent)
    sources = ConfigSources().read().sources
    assert sources.file == Path("config.yaml")
    file.unlink()
    with pytest.raises(ConfigurationError, match=r"config\.yaml does not exist"):
        sources.read()


def test_a_library_call_reads_no_variables(file, monkeypatch):
    monkeypatch.setenv("SAMBERT_SERVER__PORT", "2")
    monkeypatch.setenv("SAMBERT_NONSENSE", "2")
    monkeypatch.setenv("SAMBERT_CONFIG", "/nowhere")
    assert load_config(file).server.port == 1
    assert load_config() == Config()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("SAMBERT_SERVER__PRT", "1", "SAMBERT_SERVER__HOST, SAMBERT_SERVER__PORT; did you mean SAMBERT_SERVER__PORT?"),
        ("SAMBERT_SERVER_PORT", "1", "did you mean SAMBERT_SERVER__PORT?"),
        ("SAMBERT_SEVER__PORT", "1", "with a section of SERVER, SCHEDULER"),
        ("SAMBERT_SEVER__PORT", "1", "did you mean SAMBERT_SERVER__PORT?"),
        ("sambert_server__port", "1", "did you mean SAMBERT_SERVER__PORT?"),
        ("SAMBERT_SERVER", "{port: 1}", "valid: SAMBERT_SERVER__HOST, SAMBERT_SERVER__PORT"),
        ("SAMBERT_", "1", "SAMBERT_ is no variable of the configuration"),
        ("SAMBERT_SCHEDULER__HEADROOM", "1", "rename it to SAMBERT_SCHEDULER__MAX_UTILIZATION"),
        ("SAMBERT_SERVER__PORT", "many", "SAMBERT_SERVER__PORT must be a whole number, not 'many'"),
        ("SAMBERT_SERVER__PORT", "1.5", "SAMBERT_SERVER__PORT must be a whole number, not 1.5"),
        ("SAMBERT_SERVER__PORT", "70000", "SAMBERT_SERVER__PORT must be at most 65535, not 70000"),
        ("SAMBERT_SERVER__PORT", " ", "SAMBERT_SERVER__PORT is empty; give a value"),
        ("SAMBERT_SERVER__HOST", "", "SAMBERT_SERVER__HOST must be text of at least one character"),
        ("SAMBERT_RUNTIME__PROVIDERS", "[cuda, tpu]", "SAMBERT_RUNTIME__PROVIDERS.1 must be one of 'tensorrt', 'cuda'"),
        ("SAMBERT_RUNTIME__PROVIDERS", "cuda", "SAMBERT_RUNTIME__PROVIDERS must be a list, not 'cuda'"),
        ("SAMBERT_RUNTIME__PROVIDERS", "[cuda", "SAMBERT_RUNTIME__PROVIDERS is neither JSON nor YAML: line 1, column"),
        ("SAMBERT_TEXT__LEXICON", "{重: a, 重: b}", "'重' is set twice"),
        ("SAMBERT_TEXT__LEXICON", '{"重": "a", "重": "b"}', "'重' is set twice"),
        ("SAMBERT_TEXT__LEXICON", "[" * 5000, "is neither JSON nor YAML: it is nested too deeply"),
        ("SAMBERT_LABEL__ENABLED", "true", "SAMBERT_LABEL__ENABLED: label must be a section with a producer"),
    ],
)  # fmt: skip
def test_each_error_names_the_variable(name, value, message):
    shown = error_of(None, {name: value})
    assert message in shown
    assert name in shown


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("server.prt=1", "--set: server.prt is not a key; valid keys of server: host, port; did you mean port?"),
        ("server.workers=1", "did you mean scheduler.workers?"),
        ("sever.port=1", "sever is not a section; valid: server, scheduler"),
        ("port=1", "port is not a section"),
        ("server.port=x", "--set server.port must be a whole number, not 'x'"),
        ("server.port=", "--set server.port is empty"),
        ("scheduler.headroom=1", "scheduler.headroom is now scheduler.max_utilization"),
    ],
)  # fmt: skip
def test_each_error_names_the_option(text, message):
    assert message in error_of(None, {}, Option.general(text))


def test_an_unknown_key_of_the_file_has_the_nearest_one_and_its_line(tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text("server:\n  host: a\n  prot: 1\nmodel: {path: x}\n", encoding="utf-8")
    assert error_of(path).splitlines() == [
        f"{path}, line 3: server.prot is not a key; valid keys of server: host, port; did you mean port?",
        f"{path}, line 4: model is not a section; valid: {', '.join(Config.model_fields)}; did you mean models?",
    ]


def test_the_errors_of_all_sources_are_reported_together(file):
    file.write_text("server: {prt: 1}\nscheduler: {workers: x}", encoding="utf-8")
    shown = error_of(file, {"SAMBERT_X": "1", "SAMBERT_SERVER__PORT": "x"}, Option.general("a.b=1"))
    assert len(shown.splitlines()) == 5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SAMBERT_SERVICE_HOST", "10.0.0.1"),
        ("SAMBERT_SERVER_SERVICE_HOST", "10.0.0.1"),
        ("SAMBERT_SERVER_SERVICE_PORT", "7860"),
        ("SAMBERT_SERVER_SERVICE_PORT_HTTP", "7860"),
        ("SAMBERT_SERVER_PORT", "tcp://10.0.0.1:7860"),
        ("SAMBERT_SERVER_PORT_7860_TCP", "tcp://10.0.0.1:7860"),
        ("SAMBERT_SERVER_PORT_7860_TCP_ADDR", "10.0.0.1"),
        ("SAMBERTS_PORT", "x"),
    ],
)
def test_variables_of_a_kubernetes_service_of_that_name_are_no_error(name, value):
    assert read(None, {name: value}) == Config()


def test_relative_paths_are_relative_to_the_file_or_to_the_working_directory(file, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    file.write_text("models: {path: voices}\nstorage: {path: ~/kept}", encoding="utf-8")
    assert read(file).models.path == file.parent / "voices"
    assert str(read(file).storage.path) == "/home/me/kept"
    assert read(file, {"SAMBERT_MODELS__PATH": "voices"}).models.path == Path("voices")
    assert read(file, {}, Option("--models", "models.path", "voices")).models.path == Path("voices")
    assert str(read(file, {}, Option.general("models.path=~/voices")).models.path) == "/home/me/voices"


def test_a_default_path_is_relative_to_the_file_that_is_read(file):
    assert read(file).storage.path == file.parent / "data"
    assert read().storage.path == Path("data")


@pytest.mark.parametrize(
    ("text", "value"),
    [("null", None), ("", None), ("no", "no"), ("12", "12"), ("[a]", "[a]"), ("*a", "*a"), ("x: y", "x: y")],
)
def test_text_is_taken_as_it_is(text, value):
    assert read(None, {"SAMBERT_MODELS__DEFAULT_VOICE": text}).models.default_voice == value


def test_the_lexicon_has_the_location_of_each_word(file):
    file.write_text("text:\n  lexicon:\n    重: x\n    行: y\n", encoding="utf-8")
    assert read(file).text.location_of("行") == f"{file}, line 4"
    assert read(file, {"SAMBERT_TEXT__LEXICON": "{行: y}"}).text.location_of("行") == "SAMBERT_TEXT__LEXICON"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def near(key: Key) -> st.SearchStrategy[Any]:
    """Values that are often valid ones."""
    match key.value(Config()):
        case bool():
            return st.booleans()
        case int():
            return st.integers(0, 300)
        case float():
            return st.floats(0, 10) | st.integers(0, 10)
        case dict():
            return st.dictionaries(st.text(min_size=1), st.text(), max_size=3)
        case tuple() as default:
            return st.lists(st.sampled_from([*default, "tensorrt"]), max_size=3)
    return VALUES


LITERALS = (
    "none",
    "rhythm",
    "auto",
    "int8",
    "drop",
    "name",
    "start",
    "本音频由人工智能生成。",
    "~/a",
    "/a/b",
    "a/../b",
)


def is_text(key: Key) -> bool:
    """Whether the key takes text as it is."""
    from server.config.value_text import parse_value

    return parse_value("12", key.field) == "12"


def outcome(file: Path | None, environment: Mapping[str, str], *options: Option) -> dict[str, Any] | None:
    """The configuration, or None for an error."""
    try:
        return read(file, environment, *options).model_dump()
    except ConfigurationError:
        return None


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("values")


@given(st.data())
def test_a_value_means_the_same_in_the_file_in_a_variable_and_in_an_option(folder, data):
    key = data.draw(st.sampled_from(list(keys().values())))
    if is_text(key):
        value: Any = data.draw(st.text() | st.sampled_from(LITERALS), label=str(key))
        if value in ("", "null") and key.field.default is None:
            value = None
        text = "null" if value is None else value
    else:
        value = data.draw(VALUES | near(key), label=str(key))
        text = json.dumps(value, ensure_ascii=data.draw(st.booleans()))
    with chdir(folder):
        file = Path("config.yaml")
        file.write_text(yaml.safe_dump({key.section: {key.name: value}}, allow_unicode=True), encoding="utf-8")
        expected = outcome(file, {})
        file.unlink()
        assert outcome(None, {key.variable: text}) == expected
        assert outcome(None, {}, Option.general(f"{key}={text}")) == expected


def test_valid_values_are_tried_too(folder):
    """The property above is not only about errors."""
    valid = set()

    @given(st.data())
    def collect(data: st.DataObject) -> None:
        key = data.draw(st.sampled_from([key for key in keys().values() if not is_text(key)]))
        if outcome(None, {key.variable: json.dumps(data.draw(near(key)))}) is not None:
            valid.add(str(key))

    with chdir(folder):
        collect()
    assert len(valid) > 15
