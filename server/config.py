"""The configuration: reads config.yaml once into frozen, validated objects. Every key is documented in that file."""

from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from server.errors import ConfigurationError, validation_message

DEFAULT_FILE = Path("config.yaml")

Provider = Literal["tensorrt", "cuda", "cpu"]
Precision = Literal["fp32", "fp16", "int8"]
PrecisionSetting = Literal["auto", "fp32", "fp16", "int8"]

RENAMED_KEYS = {"scheduler.headroom": "scheduler.max_utilization"}
"""Old key -> new key, for the error message."""


def _require_unique(providers: tuple[Provider, ...]) -> tuple[Provider, ...]:
    if not providers or len(set(providers)) < len(providers):
        raise ValueError("a list of at least one provider, each named once")
    return providers


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ServerSection(_Section):
    """The address that the server listens on."""

    host: str = Field(default="0.0.0.0", min_length=1)  # noqa: S104  a server in a container must be reachable
    port: int = Field(default=7860, ge=0, le=65535)


class SchedulerSection(_Section):
    """Worker threads, batching, and the limits of concurrent streams."""

    workers: int = Field(default=0, ge=0, le=1024)
    """Worker threads; 0: one per available CPU."""
    max_streams: int = Field(default=0, ge=0)
    """Limit of concurrent streams; 0: only the measured capacity limits them."""
    max_utilization: float = Field(default=0.8, gt=0, le=1)
    """Fraction of the workers' time that the admitted streams are predicted to use at most."""
    max_batch: int = Field(default=16, ge=1, le=256)
    """Maximum number of streams in one batch."""


class ModelsSection(_Section):
    """The folder of the voices and the default voice."""

    path: Path = Field(default=Path("models"), strict=False)
    default_voice: str | None = Field(default=None, min_length=1)
    """None: `demo` if it exists, else the first voice."""
    aliases: dict[Annotated[str, Field(min_length=1)], str] = Field(default={})
    """Alias -> voice, `voice/speaker`, or a speaker of the default voice; besides OpenAI's voice names."""


class RuntimeSection(_Section):
    """Execution providers, precision and memory of the ONNX graphs."""

    providers: Annotated[tuple[Provider, ...], AfterValidator(_require_unique)] = Field(
        default=("cuda", "cpu"), strict=False
    )
    """In order of preference."""
    precision: PrecisionSetting = "auto"
    """Precision of the graphs; auto: the best variant for the provider that the voice has."""
    device_id: int = Field(default=0, ge=0)
    gpu_memory_limit_mb: int = Field(default=2048, ge=0)
    """0: no limit."""
    engine_cache: Path = Field(default=Path("~/.cache/sambert-server/engines"), strict=False)
    """Folder of the TensorRT engines; ~ is the home folder of the user."""
    threads: int = Field(default=0, ge=0, le=1024)
    """Threads of one graph run; 0: one per available CPU, at most 4."""
    unload_after: float = Field(default=0, ge=0)
    """Seconds without a request; 0: never."""


class SynthesisSection(_Section):
    """Chunk sizes, pauses and the limit of the text length."""

    first_chunk_steps: int = Field(default=0, ge=0)
    """Of the first chunk; 0: what the lookahead of the voice needs, and 4."""
    chunk_steps: int = Field(default=16, ge=1)
    """Of the largest chunk."""
    sentence_silence: float = Field(default=0.28, ge=0, le=10)
    """Seconds."""
    early_clause: bool = True
    """Of a text that arrives in pieces, the first clause may be spoken before its sentence is complete."""
    max_characters: int = Field(default=10000, ge=1)


class TextSection(_Section):
    """User lexicon, emoji and inline marks."""

    lexicon: dict[str, str] = Field(default={})
    """Word -> pinyin with tone digits."""
    emoji: Literal["drop", "name"] = "drop"
    """drop: removed with a warning; name: replaced by their Chinese names."""
    marks: bool = True
    """Read `重[chong2]庆` and `[pause:300ms]` in plain text as marks."""
    _locations: dict[str, str] = PrivateAttr(default_factory=dict)

    def location_of(self, word: str) -> str:
        """Returns the location of a lexicon entry, such as `config.yaml, line 12`."""
        return self._locations.get(word, "the lexicon")

    def set_locations(self, locations: Mapping[str, str]) -> None:
        """Sets the locations of lexicon entries, by word."""
        self._locations.update(locations)


class DashScopeSection(_Section):
    """Time limits of the WebSocket for clients of Alibaba's DashScope."""

    text_timeout: float = Field(default=23.0, gt=0, le=86400)
    """Seconds."""
    idle_timeout: float = Field(default=60.0, gt=0, le=86400)
    """Seconds."""


def _require_notice(notice: str) -> str:
    if not any(word in notice for word in ("人工智能", "AI")) or not any(word in notice for word in ("生成", "合成")):
        raise ValueError("a text with 人工智能 or AI, and with 生成 or 合成")
    return notice


class LabelSection(_Section):
    """Labels that say that the speech is generated (China, GB 45438-2025)."""

    enabled: bool = False
    producer: str = Field(default="", max_length=200)
    """Name or code of the service provider."""
    audible: Literal["none", "rhythm", "notice"] = "none"
    """What a listener hears: nothing, the rhythm sign, or the notice."""
    notice: Annotated[str, AfterValidator(_require_notice)] = Field(
        default="本音频由人工智能生成。", min_length=1, max_length=200
    )
    position: Literal["start", "end"] = "end"
    """Where a listener hears it."""

    @model_validator(mode="after")
    def _require_producer(self) -> Self:
        if self.enabled and not self.producer.strip():
            raise ValueError("a section with a producer when it is enabled, the name or code of the service provider")
        return self


class Config(_Section):
    """The content of config.yaml."""

    server: ServerSection = ServerSection()
    scheduler: SchedulerSection = SchedulerSection()
    models: ModelsSection = ModelsSection()
    runtime: RuntimeSection = RuntimeSection()
    synthesis: SynthesisSection = SynthesisSection()
    text: TextSection = TextSection()
    dashscope: DashScopeSection = DashScopeSection()
    label: LabelSection = LabelSection()

    def updated(self, section: str, **values: Any) -> Self:
        """Returns a copy with other values in one section. Does not validate them."""
        return self.model_copy(update={section: getattr(self, section).model_copy(update=values)})


def load_config(path: Path | None = None) -> Config:
    """Reads the configuration from `path`, by default ./config.yaml; without that file, returns the defaults.

    Relative paths in the file are relative to its folder. Raises `ConfigurationError` that lists every error.
    """
    if path is None:
        if not DEFAULT_FILE.exists():
            return Config()
        path = DEFAULT_FILE
    content, lexicon_lines = _read(path)
    # A section whose keys are all commented out is None in YAML and means its defaults.
    sections = {name: {} if section is None else section for name, section in content.items()}
    try:
        config = Config.model_validate(sections)
    except ValidationError as error:
        raise ConfigurationError("\n".join(f"{path}: {message}" for message in _messages(error))) from None
    config.text.set_locations({word: f"{path}, line {line}" for word, line in lexicon_lines.items()})
    cache = config.runtime.engine_cache
    if cache.parts[:1] != ("~",):
        config = config.updated("runtime", engine_cache=path.parent / cache)
    return config.updated("models", path=path.parent / config.models.path)


class _UniqueKeyLoader(yaml.SafeLoader):
    """Rejects duplicate keys; YAML itself silently keeps the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is set twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _read(path: Path) -> tuple[dict[Hashable, Any], dict[str, int]]:
    """Returns the sections, and the line numbers (from 1) of the lexicon entries."""
    try:
        text = path.read_text(encoding="utf-8")
        content = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506  a SafeLoader
    except FileNotFoundError:
        raise ConfigurationError(f"{path} does not exist; name another file, or none for the defaults") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not valid YAML: {error}") from None
    if content is None:
        return {}, {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} must contain sections ({', '.join(Config.model_fields)}), not {content!r}")
    return content, _key_lines(yaml.compose(text, Loader=_UniqueKeyLoader), "text", "lexicon")


def _key_lines(node: yaml.Node | None, *path: str) -> dict[str, int]:
    """Returns the keys of the mapping at `path` with their line numbers."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    if not path:
        return {key.value: key.start_mark.line + 1 for key, _ in node.value}
    return next((_key_lines(value, *path[1:]) for key, value in node.value if key.value == path[0]), {})


def _messages(error: ValidationError) -> Iterator[str]:
    for details in error.errors(include_url=False):
        key = ".".join(map(str, details["loc"]))
        yield _unknown_key(key) if details["type"] == "extra_forbidden" else validation_message(key, details)


def _unknown_key(key: str) -> str:
    section, _, name = key.partition(".")
    if not name:
        return f"{key} is not a section; valid: {', '.join(Config.model_fields)}"
    if key in RENAMED_KEYS:
        return f"{key} is now {RENAMED_KEYS[key]}; rename it"
    valid = type(getattr(Config(), section)).model_fields
    return f"{key} is not a key; valid keys of {section}: {', '.join(valid)}"
