"""Analyzes the texts of requests: voices are resolved as for speech, and none is loaded."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from server.config import Config
from server.errors import NothingToSpeakError
from server.http.speech.request import SpeechRequest
from server.synthesis.options import SpeechOptions
from server.synthesis.speech_plan import split_by_voice
from server.synthesis.voice_resolver import VoiceResolver, Voices
from server.text.analysis.document import AnalyzedPause, AnalyzedSentence, PlacedWarning, TextAnalysis
from server.text.analysis.sentence_analysis import analyzed_sentence, placed_warning
from server.text.frontend import FrontEnd
from server.text.markup.parser import parse_markup
from server.text.markup.script import Script, SpeakingStyle
from server.text.pronunciation.user_lexicon import UserLexicon
from server.text.sentence import Pause, Sentence, SentenceEnd
from server.text.text_warning import TextWarning
from server.text.units.unit_tables import UnitTables
from server.voices.voice import Voice


@dataclass(frozen=True)
class TextSettings:
    """The configuration, with what is parsed of it when it is first needed."""

    config: Config

    @cached_property
    def lexicon(self) -> UserLexicon:
        """The readings of the configuration."""
        return UserLexicon.of(self.config.text.lexicon, self.config.text.location_of)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a text in one voice."""

    script: Script
    speaker: str
    tables: UnitTables
    front_end: FrontEnd


class TextAnalyzer:
    """The analysis of one text, step by step."""

    def __init__(self, request: SpeechRequest, voices: Voices, settings: TextSettings) -> None:
        """Raises what planning the speech of this request raises, except for different sampling rates."""
        self.input = request.input
        config = settings.config
        resolver = VoiceResolver(voices)
        options = request.options
        self._voice, self._speaker = resolver.find(options.voice, options.speaker)
        request.output.rate_for(self._voice.rate)  # raises for a format that the speech could not have
        if request.instructions:
            keeps_speed = "speed" in request.model_fields_set
            options, _ = options.following(request.instructions, self._voice.emotions, pace=not keeps_speed)
        self._emotion = self._voice.emotion(options.emotion)
        limit = config.synthesis.max_characters
        base = SpeakingStyle(options.style)
        script = parse_markup(request.input, base, inline=config.text.marks, max_characters=limit)
        self._parts = list(_parts(script, (self._voice, self._speaker), resolver, options, settings))
        self._sentences: list[AnalyzedSentence] = []
        self._pauses: list[AnalyzedPause] = []
        self._warnings: dict[TextWarning, PlacedWarning] = {}
        self._items = self._analyzed()

    def advance(self) -> bool:
        """Analyzes the next sentence; returns whether there was one. Raises `RequestError` for what cannot be spoken.

        Takes milliseconds to tens of them.
        """
        return next(self._items, None) is not None

    def result(self) -> TextAnalysis:
        """The analysis of what was analyzed so far."""
        warnings = sorted(self._warnings.values(), key=lambda warning: (warning.start, warning.stop))
        return TextAnalysis(
            voice=self._voice.name,
            speaker=self._speaker,
            emotion=self._emotion,
            sentences=tuple(self._sentences),
            pauses=tuple(self._pauses),
            warnings=tuple(warnings),
        )

    def _analyzed(self) -> Iterator[Sentence | Pause | SentenceEnd]:
        """A text, or a part in another voice, without anything to speak has no sentences, only warnings."""
        for part in self._parts:
            items = part.front_end.segments(
                part.script, speaker=part.speaker, emotion=self._emotion, report=self._add_warning
            )
            try:
                for item in items:
                    self._add(item, part)
                    yield item
            except NothingToSpeakError:
                continue

    def _add(self, item: Sentence | Pause | SentenceEnd, part: _Part) -> None:
        if isinstance(item, Sentence):
            self._sentences.append(analyzed_sentence(item, part.tables, part.speaker))
        elif isinstance(item, Pause):
            self._pauses.append(AnalyzedPause(before=len(self._sentences), seconds=item.seconds))

    def _add_warning(self, warning: TextWarning) -> None:
        self._warnings[warning] = placed_warning(warning)


def _parts(
    script: Script,
    default: tuple[Voice, str],
    resolver: VoiceResolver,
    options: SpeechOptions,
    settings: TextSettings,
) -> Iterator[_Part]:
    resolved: dict[str | None, tuple[Voice, str]] = {None: default}
    front_ends: dict[str, tuple[UnitTables, FrontEnd]] = {}
    for name, part in split_by_voice(script):
        if name not in resolved:
            resolved[name] = resolver.find_within(default[0], name or "")
        voice, speaker = resolved[name]
        for emotion in {options.emotion, *(style.emotion for style in part.styles)}:
            voice.emotion(emotion)
        if voice.name not in front_ends:
            front_ends[voice.name] = _front_end(voice, options, settings)
        yield _Part(part, speaker, *front_ends[voice.name])


def _front_end(voice: Voice, options: SpeechOptions, settings: TextSettings) -> tuple[UnitTables, FrontEnd]:
    tables = UnitTables(voice.manifest)
    front_end = FrontEnd(tables, settings.lexicon, settings.config.text.emoji)
    return tables, front_end.with_wording(options.wording.lexicon, options.wording.replacements)
