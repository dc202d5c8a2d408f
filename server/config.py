"""The configuration: read once from config.yaml into frozen, validated objects. Every key is explained in that file."""

from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from server.errors import ConfigurationError, validation_message

DEFAULT_FILE = Path("config.yaml")

Provider = Literal["tensorrt", "cuda", "cpu"]
Precision = Literal["fp32", "fp16", "int8"]
PrecisionSetting = Literal["auto", "fp32", "fp16", "int8"]


def _each_once(names: tuple[Provider, ...]) -> tuple[Provider, ...]:
    if not names or len(set(names)) < len(names):
        raise ValueError("a list of at least one provider, each named once")
    return names


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ServerSection(_Section):
    """Where the server listens."""

    host: str = Field(default="0.0.0.0", min_length=1)
    port: int = Field(default=7860, ge=0, le=65535)


class SchedulerSection(_Section):
    """How many streams there are at a time, and who computes them."""

    workers: int = Field(default=0, ge=0, le=1024)
    """Threads that compute; 0: one for every CPU available."""
    max_streams: int = Field(default=0, ge=0)
    """0: as many as the measured capacity allows."""
    max_utilization: float = Field(default=0.8, gt=0, le=1)
    """Share of the workers' time that the admitted streams may be predicted to take."""
    max_batch: int = Field(default=16, ge=1, le=256)
    """Streams that share one run of a graph."""


class ModelsSection(_Section):
    """Where the voices are."""

    path: Path = Field(default=Path("models"), strict=False)
    default_voice: str | None = Field(default=None, min_length=1)
    """None: `demo` if it is there, else the first one."""


class RuntimeSection(_Section):
    """What the graphs run on."""

    providers: Annotated[tuple[Provider, ...], AfterValidator(_each_once)] = Field(
        default=("cuda", "cpu"), strict=False
    )
    """Tried in this order."""
    precision: PrecisionSetting = "auto"
    """Of the voices' graphs; auto: what suits the provider, of what a voice has."""
    device_id: int = Field(default=0, ge=0)
    gpu_memory_limit_mb: int = Field(default=2048, ge=0)
    """0: no limit."""
    engine_cache: Path = Field(default=Path("~/.cache/sambert-server/engines"), strict=False)
    """Of TensorRT. ~ is the home of the user."""
    threads: int = Field(default=0, ge=0, le=1024)
    """0: as many as there are CPUs available."""
    unload_after: float = Field(default=0, ge=0)
    """Seconds; 0: never."""


class SynthesisSection(_Section):
    """How the audio is computed."""

    first_chunk_steps: int = Field(default=0, ge=0)
    """0: as few as the voice's lookahead allows."""
    chunk_steps: int = Field(default=16, ge=1)
    sentence_silence: float = Field(default=0.28, ge=0, le=10)
    """Seconds."""
    max_characters: int = Field(default=10000, ge=1)


class TextSection(_Section):
    """How a text is read."""

    lexicon: dict[str, str] = Field(default={})
    """Word -> pinyin with tone digits."""
    emoji: Literal["drop", "name"] = "drop"
    """Left out with a warning, or named."""
    marks: bool = True
    """Read `重[chong2]庆` and `[pause:300ms]` in plain text as marks."""
    _places: dict[str, str] = PrivateAttr(default_factory=dict)

    def place(self, word: str) -> str:
        """Where an entry of the lexicon is written: `config.yaml, line 12`."""
        return self._places.get(word, "the lexicon")


class Config(_Section):
    """The content of config.yaml."""

    server: ServerSection = ServerSection()
    scheduler: SchedulerSection = SchedulerSection()
    models: ModelsSection = ModelsSection()
    runtime: RuntimeSection = RuntimeSection()
    synthesis: SynthesisSection = SynthesisSection()
    text: TextSection = TextSection()


def load_config(path: Path | None = None) -> Config:
    """The configuration in `path`; without one that of ./config.yaml, or the defaults if there is no such file.

    A relative path is relative to the file that says it. Raises `ConfigurationError` that names every mistake.
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
        raise ConfigurationError("\n".join(f"{path}: {mistake}" for mistake in _mistakes(error))) from None
    config.text._places.update({word: f"{path}, line {line}" for word, line in lexicon_lines.items()})
    models = config.models.model_copy(update={"path": path.parent / config.models.path})
    cache = config.runtime.engine_cache
    if cache.parts[:1] != ("~",):
        cache = path.parent / cache
    runtime = config.runtime.model_copy(update={"engine_cache": cache})
    return config.model_copy(update={"models": models, "runtime": runtime})


class _Loader(yaml.SafeLoader):
    """Refuses a key that is there twice, where plain YAML would silently take the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is set twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _read(path: Path) -> tuple[dict[Hashable, Any], dict[str, int]]:
    """The sections, and the lines of the lexicon's entries, counted from 1."""
    try:
        text = path.read_text(encoding="utf-8")
        content = yaml.load(text, Loader=_Loader)
    except FileNotFoundError:
        raise ConfigurationError(f"{path} does not exist; name another file, or none for the defaults") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not valid YAML: {error}") from None
    if content is None:
        return {}, {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} must hold sections ({', '.join(Config.model_fields)}), not {content!r}")
    return content, _lines(yaml.compose(text, Loader=_Loader), "text", "lexicon")


def _lines(node: yaml.Node | None, *path: str) -> dict[str, int]:
    """The keys of the mapping at `path`, each with its line."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    if not path:
        return {key.value: key.start_mark.line + 1 for key, _ in node.value}
    return next((_lines(value, *path[1:]) for key, value in node.value if key.value == path[0]), {})


def _mistakes(error: ValidationError) -> Iterator[str]:
    for mistake in error.errors(include_url=False):
        place = ".".join(map(str, mistake["loc"]))
        yield _unknown_key(place) if mistake["type"] == "extra_forbidden" else validation_message(place, mistake)


def _unknown_key(place: str) -> str:
    name, _, key = place.partition(".")
    if not key:
        return f"{place} is not a section; valid: {', '.join(Config.model_fields)}"
    section = type(getattr(Config(), name))
    return f"{place} is not a key; valid keys of {name}: {', '.join(section.model_fields)}"
