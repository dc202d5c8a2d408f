"""A voice whose sentences are spoken like a recording."""

from collections.abc import Iterable

from server.scheduling.playback import PlaybackClock
from server.scheduling.task import Chunks
from server.synthesis.acoustic.prosody_targets import ProsodyTargets
from server.synthesis.reference.delivery.delivery import Delivery, TargetedVoice
from server.text.sentence import Sentence
from server.types import Audio, SentenceTiming


class DeliveredVoice:
    """Speaks sentences in order: a `server.synthesis.sequencing.SentenceSynthesizer`."""

    def __init__(self, voice: TargetedVoice, delivery: Delivery, transcript: Iterable[object] | None) -> None:
        """`transcript` has the sentences of what is said in the recording; None: those of the text."""
        self.sentence_silence = voice.sentence_silence
        self.rate = voice.rate
        self._voice = voice
        self._delivery = delivery
        self._transcript = transcript

    async def prepare(self, sentence: Sentence, clock: PlaybackClock, seed: int) -> Chunks[Audio]:
        """As `Synthesizer.prepare`. Raises `RequestError` (`poor_alignment`) if the recording says something else."""
        return await self._voice.prepare(sentence, clock, seed, await self._targets(sentence))

    async def predict_times(self, sentence: Sentence) -> SentenceTiming:
        """The times that `prepare` would give with the audio; the recording is aligned for them too."""
        return await self._voice.predict_times(sentence, await self._targets(sentence))

    async def _targets(self, sentence: Sentence) -> ProsodyTargets | None:
        return await self._delivery.targets(self._voice, sentence, self._transcript)
