"""The configuration: read once from config.yaml into frozen, validated objects. Every key is explained in that file."""

from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from server.errors import ConfigurationError
from server.mistakes import sentence

DEFAULT_FILE = Path("config.yaml")

Provider = Literal["cuda", "cpu"]


def _each_once(names: tuple[Provider, ...]) -> tuple[Provider, ...]:
    if not names or len(set(names)) < len(names):
        raise ValueError("a list of at least one provider, each named once")
    return names


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ServerSection(_Section):
    """Where the server listens, and how much it does at a time."""

    host: str = Field(default="0.0.0.0", min_length=1)
    port: int = Field(default=7860, ge=0, le=65535)
    workers: int = Field(default=0, ge=0, le=1024)
    """Threads that synthesise at the same time; 0: one for every two CPUs available."""


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
    device_id: int = Field(default=0, ge=0)
    gpu_memory_limit_mb: int = Field(default=2048, ge=0)
    """0: no limit."""
    threads: int = Field(default=0, ge=0, le=1024)
    """0: as many as there are CPUs available."""


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
    marks: bool = True
    """Read `重[chong2]庆` and `[pause:300ms]` in plain text as marks."""


class Config(_Section):
    """The content of config.yaml."""

    server: ServerSection = ServerSection()
    models: ModelsSection = ModelsSection()
    runtime: RuntimeSection = RuntimeSection()
    synthesis: SynthesisSection = SynthesisSection()
    text: TextSection = TextSection()


def load_config(path: Path | None = None) -> Config:
    """The configuration in `path`; without one that of ./config.yaml, or the defaults if there is no such file.

    A relative `models.path` is relative to the file that says it. Raises `ConfigurationError` that names every mistake.
    """
    if path is None:
        if not DEFAULT_FILE.exists():
            return Config()
        path = DEFAULT_FILE
    content = _read(path)
    # A section whose keys are all commented out is None in YAML and means its defaults.
    sections = {name: {} if section is None else section for name, section in content.items()}
    try:
        config = Config.model_validate(sections)
    except ValidationError as error:
        raise ConfigurationError("\n".join(f"{path}: {mistake}" for mistake in _mistakes(error))) from None
    models = config.models.model_copy(update={"path": path.parent / config.models.path})
    return config.model_copy(update={"models": models})


class _Loader(yaml.SafeLoader):
    """Refuses a key that is there twice, where plain YAML would silently take the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is set twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _read(path: Path) -> dict[Hashable, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except FileNotFoundError:
        raise ConfigurationError(f"{path} does not exist; name another file, or none for the defaults") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not valid YAML: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} must hold sections ({', '.join(Config.model_fields)}), not {content!r}")
    return content


def _mistakes(error: ValidationError) -> Iterator[str]:
    for mistake in error.errors(include_url=False):
        place = ".".join(map(str, mistake["loc"]))
        yield _unknown_key(place) if mistake["type"] == "extra_forbidden" else sentence(place, mistake)


def _unknown_key(place: str) -> str:
    name, _, key = place.partition(".")
    if not key:
        return f"{place} is not a section; valid: {', '.join(Config.model_fields)}"
    section = type(getattr(Config(), name))
    return f"{place} is not a key; valid keys of {name}: {', '.join(section.model_fields)}"
