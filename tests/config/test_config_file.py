"""config.yaml: defaults, relative paths, and an error message for each invalid key or value."""

from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from server.config import Config, load_config
from server.errors import ConfigurationError
from server.runtime.cpu import available_cpus

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def write(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "config.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def error_message(path: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_config(path)
    return str(caught.value)


def test_the_file_of_the_repository_has_exactly_the_keys_and_defaults():
    content = yaml.safe_load((REPOSITORY / "config.yaml").read_text(encoding="utf-8"))
    assert content == Config().model_dump(mode="json")


def test_every_key_of_the_file_has_a_comment_above_it():
    lines = (REPOSITORY / "config.yaml").read_text(encoding="utf-8").splitlines()
    undocumented = [
        line for above, line in pairwise(lines)
        if line.startswith("  ") and not line.lstrip().startswith("#") and not above.lstrip().startswith("#")
    ]  # fmt: skip
    assert undocumented == []


def test_without_a_file_the_defaults_are_used(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_config() == Config()


def test_the_file_in_the_working_folder_is_read(write, monkeypatch):
    monkeypatch.chdir(write("server: {port: 1234}").parent)
    assert load_config().server.port == 1234


@pytest.mark.parametrize(
    ("value", "expected"), [("engines", "{folder}/engines"), ("/engines", "/engines"), ("~/e", "/home/me/e")]
)
def test_the_engine_cache_is_relative_to_the_file_or_to_the_home_folder(write, value, expected, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    path = write(f"runtime: {{providers: [tensorrt, cuda, cpu], engine_cache: {value}}}")
    config = load_config(path)
    assert config.runtime.providers == ("tensorrt", "cuda", "cpu")
    assert str(config.runtime.engine_cache) == expected.format(folder=path.parent)


def test_values_in_the_file_replace_the_defaults(write):
    config = load_config(write("server: {host: '::', port: 0}\nruntime: {providers: [cpu]}\nsynthesis:\n"))
    assert (config.server.host, config.server.port) == ("::", 0)
    assert config.runtime.providers == ("cpu",)
    assert config.synthesis == Config().synthesis


@pytest.mark.parametrize("text", ["", "# nothing\n", "server:\n"])
def test_an_empty_file_gives_the_defaults(write, text):
    config = load_config(write(text))
    assert config.server == Config().server
    assert config.synthesis == Config().synthesis


def test_a_relative_models_path_is_relative_to_the_file(write, tmp_path):
    assert load_config(write("models: {path: voices}")).models.path == tmp_path / "voices"
    assert load_config(write("models: {path: /srv/voices}")).models.path == Path("/srv/voices")


def test_the_error_for_a_missing_file_names_it(tmp_path):
    assert str(tmp_path / "absent.yaml") in error_message(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("server: {prot: 1}", "server.prot is not a key; valid keys of server: host, port"),
        ("sever: {port: 1}", "sever is not a section; valid: server, scheduler, models, runtime, synthesis"),
        ("sever:", "sever is not a section; valid: server, scheduler, models, runtime, synthesis"),
        ("server: 7860", "server must be a section with keys"),
        ("server: {port: '7860'}", "server.port must be a whole number, not '7860'"),
        ("server: {port: 1.5}", "server.port must be a whole number, not 1.5"),
        ("server: {port: 70000}", "server.port must be at most 65535, not 70000"),
        ("server: {host: no}", "server.host must be text (in quotes if it looks like something else), not False"),
        ("scheduler: {workers: -1}", "scheduler.workers must be at least 0, not -1"),
        ("scheduler: {max_utilization: 0}", "scheduler.max_utilization must be above 0, not 0"),
        ("scheduler: {headroom: 0.8}", "scheduler.headroom is now scheduler.max_utilization; rename it"),
        ("models: {path: 3}", "models.path must be a path, not 3"),
        ("models: {default_voice: ''}", "models.default_voice must be text of at least one character, not ''"),
        ("runtime: {providers: [tpu]}", "runtime.providers.0 must be one of 'tensorrt', 'cuda' or 'cpu', not 'tpu'"),
        ("runtime: {providers: cpu}", "runtime.providers must be a list, not 'cpu'"),
        ("runtime: {providers: []}", "runtime.providers must be a list of at least one provider, each"),
        ("runtime: {providers: [cpu, cpu]}", "each named once, not ['cpu', 'cpu']"),
        ("runtime: {device_id: true}", "runtime.device_id must be a whole number, not True"),
        ("synthesis: {sentence_silence: .nan}", "synthesis.sentence_silence must be a finite number, not nan"),
        ("synthesis: {sentence_silence: 11}", "synthesis.sentence_silence must be at most 10"),
        ("synthesis: {chunk_steps: 0}", "synthesis.chunk_steps must be at least 1, not 0"),
        ("server: {port: 1, port: 2}", "'port' is set twice"),
        ("server: [", "is not valid YAML"),
        ("label: {enabled: true}", "label must be a section with a producer when it is enabled"),
        ("label: {notice: 你好}", "label.notice must be a text with 人工智能 or AI, and with 生成 or 合成, not '你好'"),
        ("label: {audible: beep}", "label.audible must be one of 'none', 'rhythm' or 'notice', not 'beep'"),
        ("[server]", "must contain sections (server, scheduler, models, runtime, synthesis, text"),
        ("1: {}", "line 1: 1 is not a section; valid: server, scheduler"),
    ],
)  # fmt: skip
def test_each_error_has_a_message_with_the_file_and_the_key(write, text, message):
    path = write(text)
    assert message in error_message(path)
    assert str(path) in error_message(path)


def test_all_errors_are_reported_together(write):
    messages = error_message(write("server: {port: -1, name: x}\nruntime: {threads: many}")).splitlines()
    assert len(messages) == 3


def test_a_file_that_is_not_utf8_is_refused(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in error_message(path)


def test_the_configuration_is_immutable():
    with pytest.raises(ValueError, match="frozen"):
        Config().server.port = 1


def write_files(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    "files",
    [
        {"sys/fs/cgroup/cpu.max": "150000 100000\n"},
        {"sys/fs/cgroup/cpu.max": "50000 100000\n"},
        {"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/cpu.max": "100000 100000"},
        {
            "proc/self/cgroup": "0::/a\n",
            "sys/fs/cgroup/a/cpu.max": "max 100000",
            "sys/fs/cgroup/cpu.max": "100000 100000",
        },
        {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "100000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"},
    ],
)
def test_the_cpu_quota_of_the_container_limits_the_cpus(tmp_path, files, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)), raising=False)
    assert available_cpus(write_files(tmp_path, files)) == 1


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"sys/fs/cgroup/cpu.max": "max 100000\n"},
        {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"},
    ],
)
def test_without_a_quota_the_affinity_mask_counts(tmp_path, files, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)), raising=False)
    assert available_cpus(write_files(tmp_path, files)) == 64
