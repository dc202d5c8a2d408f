"""The configuration: reads config.yaml once into frozen, validated objects. Every key is documented in that file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError

from server.config.sections.dashscope import DashScopeSection
from server.config.sections.label import LabelSection
from server.config.sections.models import ModelsSection
from server.config.sections.runtime import RuntimeSection
from server.config.sections.scheduler import SchedulerSection
from server.config.sections.section import Section
from server.config.sections.server import ServerSection
from server.config.sections.speech import SynthesisSection, TextSection
from server.config.sections.storage import StorageSection
from server.config.yaml_file import read_sections
from server.errors import ConfigurationError, validation_message

DEFAULT_FILE = Path("config.yaml")

RENAMED_KEYS = {"scheduler.headroom": "scheduler.max_utilization"}
"""Old key -> new key, for the error message."""


class Config(Section):
    """The content of config.yaml."""

    server: ServerSection = ServerSection()
    scheduler: SchedulerSection = SchedulerSection()
    models: ModelsSection = ModelsSection()
    runtime: RuntimeSection = RuntimeSection()
    synthesis: SynthesisSection = SynthesisSection()
    text: TextSection = TextSection()
    dashscope: DashScopeSection = DashScopeSection()
    label: LabelSection = LabelSection()
    storage: StorageSection = StorageSection()

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
    content, lexicon_lines = read_sections(path, Config.model_fields)
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
    config = config.updated("storage", path=path.parent / config.storage.path)
    if config.models.import_from is not None:
        config = config.updated("models", import_from=path.parent / config.models.import_from)
    return config.updated("models", path=path.parent / config.models.path)


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
