"""Speech in this process: iterators of audio chunks or bytes, and files."""

from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Self, TypeVar, Unpack

from server.api.arguments import EncodedSpeechArguments, EncodedSpeechFields, SpeechArguments, SpeechFields
from server.api.engine import Engine, configuration
from server.api.fields import DEFAULT_FORMAT
from server.api.pieces import Text, pieces_from
from server.api.speech_file import SpeechFile, write_speech
from server.api.stages import Stage, bytes_stage, file_stage, samples_stage
from server.config import Config
from server.errors import ShutdownError
from server.scheduling.playback import PlaybackClock
from server.scheduling.task import iterate
from server.synthesis.output.labeled_speech import Speech
from server.synthesis.reference.application import ReferenceApplication
from server.types import Audio, SpeechTiming
from server.voices.voice import Voice

T = TypeVar("T")


class TextToSpeech:
    """A voice in this process.

    The constructor opens the voice, which takes a fraction of a second. Other voices of the folder are opened when a
    call or a text names them. Audio is computed in the thread that iterates, chunk by chunk: nothing is computed before
    it is asked for, and an iterator that is closed or dropped computes no more.

    Several threads may use one object at a time, each with its own iterators. `close`, or the end of a `with` block,
    releases the voices; an iterator that is still used then raises `ShutdownError`, as every later call does.

    All errors are `SpeechError`s, with the reason and the valid values in their message: `RequestError` for an
    argument or a text, `VoiceError` for a voice folder, `ConfigurationError`, `DeviceError`, `SynthesisError`.
    """

    def __init__(
        self,
        voice: str | None = None,
        *,
        models: Path | str | None = None,
        config: Config | Path | str | None = None,
    ) -> None:
        """Opens `voice`, by default `demo` or the first one of the folder.

        `models` is the folder of the voices, by default `models` below the working directory. `config` is a
        configuration or the path of a config.yaml; without it all settings have their defaults.
        """
        self._engine: Engine | None = Engine(voice, configuration(config, models))

    @property
    def voice(self) -> Voice:
        """The opened voice: its `name`, its `rate` in Hz, its `speakers` and `emotions`."""
        return self._opened().voice

    def speak(self, input: Text, **arguments: Unpack[SpeechArguments]) -> Generator[Audio, None, None]:  # noqa: A002
        """The audio of a text in chunks: `samples`, float32 from -1 to 1, and their `rate` in Hz.

        `input` is plain text, text with inline marks, or SSML; or an iterator of its pieces, cut anywhere, which is
        asked for the next one when what is there has been spoken. The first chunk of a sentence has its times, in
        samples from the start of the audio, as its `sentence`; chunks with `times_follow` come before it.

        Raises `RequestError` for an argument at once, and for a text with nothing to speak at the first chunk.
        """
        fields = SpeechFields.of(arguments)
        return self._iterate(input, fields, lambda speech: samples_stage(speech, fields.sample_rate))

    def encode(self, input: Text, **arguments: Unpack[EncodedSpeechArguments]) -> Generator[bytes, None, None]:  # noqa: A002
        """The audio of a text as the bytes of one file, while it is computed. By default it is mp3.

        Raises what `speak` raises.
        """
        fields = EncodedSpeechFields.of(arguments)
        output = self._opened().output(fields, DEFAULT_FORMAT)
        return self._iterate(input, fields, lambda speech: bytes_stage(speech, output))

    def save(
        self,
        input: Text,  # noqa: A002
        path: Path | str,
        *,
        timestamps: Path | str | None = None,
        **arguments: Unpack[EncodedSpeechArguments],
    ) -> SpeechFile:
        """Writes the audio of a text to a file, which appears when it is complete, and replaces an existing one.

        The suffix of the path is the format, unless `response_format` is given. With `timestamps` the times are written
        to that path, whose suffix is json, srt, vtt or TextGrid. Raises what `speak` raises, and `RequestError` if a
        file cannot be written.
        """
        fields = EncodedSpeechFields.of(arguments)
        target = self._opened().target(fields, path, timestamps)
        chunks = self._iterate(input, fields, lambda speech: file_stage(speech, target.output))
        return write_speech(list(chunks), target)

    def timestamps(self, input: str, **arguments: Unpack[SpeechArguments]) -> SpeechTiming:  # noqa: A002
        """The times of the sentences, words, syllables and phones of a text, without computing its audio.

        They are those of `speak`, in samples at the voice's rate. Raises what `speak` raises.
        """
        engine, fields = self._opened(), SpeechFields.of(arguments)
        return next(iterate(engine.plan(input, fields).times(PlaybackClock())))

    def reference_settings(self, **arguments: Unpack[SpeechArguments]) -> ReferenceApplication:
        """What a call takes over of its reference, as plain settings. Raises what `speak` raises."""
        return self._opened().reference_settings(SpeechFields.of(arguments))

    def close(self) -> None:
        """Releases the voices. A second call has no effect."""
        self._engine = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _opened(self) -> Engine:
        if self._engine is None:
            raise ShutdownError("this TextToSpeech is closed; create another one")
        return self._engine

    def _iterate(
        self, text: Text, fields: SpeechFields, stage: Callable[[Speech], Stage[T]]
    ) -> Generator[T, None, None]:
        engine = self._opened()
        if isinstance(text, str):
            return self._while_open(stage(engine.plan(text, fields)))
        speech_input, speech = engine.open_input(fields)
        return self._while_open(stage(speech), pieces_from(text, speech_input))

    def _while_open(self, stage: Stage[T], give_input: Callable[[], None] | None = None) -> Generator[T, None, None]:
        with closing(iterate(stage(PlaybackClock()), give_input)) as chunks:
            for chunk in chunks:
                yield chunk
                self._opened()
