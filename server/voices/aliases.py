"""Other names for voices in requests: those of OpenAI's voices, and those of config.yaml."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from server.config import Config
from server.errors import ConfigurationError, UnknownNameError, VoiceError
from server.voices.discovery import voice_folder, voice_folders
from server.voices.voice import Voice

OPENAI_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "alloy": "female",
        "ash": "male",
        "ballad": "male",
        "coral": "female",
        "echo": "male",
        "fable": "male",
        "onyx": "male",
        "nova": "female",
        "sage": "female",
        "shimmer": "female",
        "verse": "male",
        "marin": "female",
        "cedar": "male",
    }
)
"""OpenAI's voice -> a speaker of the default voice; its first speaker where it lacks that one."""
NATURAL_SPEAKERS: Mapping[str, str] = MappingProxyType({"female": "natural"})
"""Speaker of `OPENAI_ALIASES` -> the one that takes its place where the default voice has it: it sounds human."""


def aliases(config: Config) -> Mapping[str, str]:
    """Returns alias -> voice, `voice/speaker`, or a speaker of the default voice: OpenAI's, then the configured ones.

    Raises `ConfigurationError` naming every configured alias that names nothing, or that is itself a voice.
    """
    if problems := list(_problems(config)):
        raise ConfigurationError("\n".join(f"models.aliases: {problem}" for problem in problems))
    natural = {one: other for one, other in NATURAL_SPEAKERS.items() if other in _speakers(config, None)}
    openai = {alias: natural.get(speaker, speaker) for alias, speaker in OPENAI_ALIASES.items()}
    return openai | dict(config.models.aliases)


def _problems(config: Config) -> Iterator[str]:
    if not config.models.aliases:
        return
    speakers = {folder.name: _speakers(config, folder.name) for folder in voice_folders(config.models.path)}
    targets = [*speakers, *(f"{voice}/{speaker}" for voice, names in speakers.items() for speaker in names)]
    targets += [speaker for speaker in _speakers(config, None) if speaker not in targets]
    for alias, target in config.models.aliases.items():
        voice, slash, _ = target.partition("/")
        may_exist = slash and voice in speakers and not speakers[voice]  # a voice that cannot be read
        if alias in speakers:
            yield f"{alias!r} is a voice; give the alias another name"
        elif target not in targets and not may_exist:
            yield f"{alias!r} is {target!r}, which is no voice and no speaker; valid: {', '.join(targets) or 'none'}"


def _speakers(config: Config, voice: str | None) -> tuple[str, ...]:
    """The speakers of a voice, by default of the default one; none if it cannot be read."""
    try:
        return Voice(voice_folder(config, voice)).speakers
    except (UnknownNameError, VoiceError):
        return ()
