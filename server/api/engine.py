"""The voices of a models folder, opened as they are needed, and the plans of texts."""

import logging
from dataclasses import replace
from pathlib import Path

from server.api.arguments import EncodedSpeechFields, SpeechFields
from server.api.reference import recording_cache
from server.api.speech_file import Target, require_format
from server.audio.encoders import OutputFormat
from server.audio.label import GeneratedLabel
from server.config import Config, load_config
from server.errors import RequestError
from server.synthesis.options import SpeechOptions
from server.synthesis.output.labeled_speech import Speech, TimedSpeech, labeled, labeled_input
from server.synthesis.reference.application import ReferenceApplication
from server.synthesis.speech_input import SpeechInput
from server.synthesis.speech_plan import SpeechPlanner
from server.voices.voice import Voice

_log = logging.getLogger(__name__)


class Engine:
    """An opened voice, and the other voices of its folder. Safe for use by several threads."""

    def __init__(self, voice: str | None, config: Config) -> None:
        # Imported here, so that importing the API loads nothing that computes.
        from server.synthesis.registry import OnDemandVoices

        self._label = config.label
        self._recordings = recording_cache(config.references)
        self._early = config.synthesis.early_clause
        self._planner = SpeechPlanner.for_config(OnDemandVoices(config), config)
        synthesizer, self._speaker = self._planner.resolve(voice)
        self.voice: Voice = synthesizer.voice

    def plan(self, text: str, fields: SpeechFields) -> TimedSpeech:
        """The speech of a text, in the opened voice unless the fields name another one, with the audible label.

        Opens the voices that it names, and the reference. Raises what `SpeechPlanner.plan_text` raises, and
        `RequestError` for no text.
        """
        if not isinstance(text, str):
            raise RequestError(f"input must be text, not {text!r}", param="input")
        return labeled(self._planner.plan_text(text, self._options(fields)), self._label)

    def open_input(self, fields: SpeechFields) -> tuple[SpeechInput, Speech]:
        """A text that is still written, and its speech with the audible label.

        Raises what `SpeechPlanner.open_input` raises.
        """
        speech_input = self._planner.open_input(self._options(fields), early=self._early)
        return speech_input, labeled_input(speech_input, self._label)

    def reference_settings(self, fields: SpeechFields) -> ReferenceApplication:
        """What a voice takes over of the reference of the fields. Raises what `plan` raises."""
        _, applied = self._refer(fields)
        if applied is None:
            raise RequestError("reference is missing", param="reference")
        return applied

    def _options(self, fields: SpeechFields) -> SpeechOptions:
        options, applied = self._refer(fields)
        for each in applied.ignored if applied else ():
            _log.warning("not taken over of the reference: %s", each)
        return options

    def _refer(self, fields: SpeechFields) -> tuple[SpeechOptions, ReferenceApplication | None]:
        options = replace(fields.options, reference=fields.opened_reference(self._recordings))
        if options.voice is None:
            options = replace(options, voice=self.voice.name, speaker=options.speaker or self._speaker)
        return self._planner.refer(options)

    def output(self, fields: EncodedSpeechFields, default: str) -> OutputFormat:
        """The format of an answer, by default that name, with a new label. Raises what `OutputFormat` raises."""
        label = GeneratedLabel.of(self._label)
        return OutputFormat(fields.response_format or default, fields.sample_rate, fields.bit_rate, label)

    def target(self, fields: EncodedSpeechFields, path: Path | str, timestamps: Path | str | None) -> Target:
        """The files to be written. Raises `RequestError` for formats and suffixes, with the valid ones."""
        path = Path(path)
        output = self.output(fields, fields.response_format or require_format(path))
        return Target(path, output, None if timestamps is None else Path(timestamps))


def configuration(config: Config | Path | str | None, models: Path | str | None) -> Config:
    """The configuration: an object, a file, or the defaults; with another folder of voices if `models` is given.

    Raises `ConfigurationError`.
    """
    if not isinstance(config, Config):
        config = Config() if config is None else load_config(Path(config))
    return config if models is None else config.updated("models", path=Path(models))
