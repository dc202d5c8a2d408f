"""Schema of the results: what one run writes as JSON.

Times are in seconds, memory in MiB. Where the JSON key differs from the attribute, the alias is the key: it is the
published format.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from bench.results.percentiles import Percentiles


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine and software that a run used, to compare runs."""

    cpu: str
    """Model name."""
    flags: tuple[str, ...]
    """Instruction sets that affect the speed."""
    cores: int
    """Cores that this process may use."""
    gpu: str | None
    gflops: float
    """GFLOP/s of a 1024 x 1024 float32 matrix product on one thread."""
    load_average: Annotated[float, Field(serialization_alias="load")]
    """Over the minute before the run: other work on the machine makes the figures worse."""
    system: str
    versions: dict[str, str]
    revision: str | None
    """Git revision of this repository; ends with `+` when files were changed."""


@dataclass(frozen=True, slots=True)
class RtfResult:
    """Real-time factor of one precision: medians over the repeats."""

    precision: str
    rtf: float
    rtf_normalized: Annotated[float, Field(serialization_alias="rtf_normalised")]
    gflops: float
    """Of the matrix product, measured before and after each repeat."""
    cpu_rtf: float
    """CPU seconds for a second of audio, which other work on the machine disturbs least."""
    cpu_rtf_normalized: Annotated[float, Field(serialization_alias="cpu_rtf_normalised")]
    cpu_utilization: Annotated[float, Field(serialization_alias="cpu_share")]
    """Of all cores that the process may use, 0 to 1."""
    audio_seconds: Annotated[float, Field(serialization_alias="sound")]
    first_audio: Percentiles
    """Time to first audio."""
    provider: str
    fallback: str | None
    """Why the requested provider is not used."""


@dataclass(frozen=True, slots=True)
class PiperResult:
    """One precision beside a voice of Piper's medium quality, or that voice itself: medians over the rounds."""

    name: str
    audio_seconds: float
    cpu_rtf: float
    """CPU seconds for a second of audio."""
    cpu_rtf_normalized: float
    time_to_first_audio: float
    """Wall time. Piper's first audio is a whole sentence."""
    ratio: float
    """Of `cpu_rtf` to Piper's in the same round."""
    lowest_ratio: float
    highest_ratio: float


@dataclass(frozen=True, slots=True)
class LatencyResult:
    """Time to first audio of one text."""

    kind: str
    """Key of `TEXT_PATTERNS`."""
    characters: int
    first_audio: Percentiles
    """Time to first audio, text analysis included."""
    ratio: float
    """Median over the median of the shortest text."""
    first_chunk_share: Annotated[float | None, Field(serialization_alias="ready")]
    """Share of the audio that is in the first chunk."""
    audio_seconds: Annotated[float | None, Field(serialization_alias="sound")]
    rtf: float | None


@dataclass(frozen=True, slots=True)
class ChunkingResult:
    """Chunked against whole-utterance synthesis: medians over sentences and repeats."""

    ratio: float
    """RTF chunked over RTF whole, of runs that follow each other."""
    rtf_chunked: float
    rtf_whole: float


@dataclass(frozen=True, slots=True)
class BatchingResult:
    """CPU seconds for a second of audio when `streams` streams share every graph run."""

    streams: int
    acoustic: float
    vocoder: float
    acoustic_gain: float
    """Throughput over that of a single stream."""
    vocoder_gain: float


@dataclass(frozen=True, slots=True)
class FormatResult:
    """One audio format at one sampling rate: the fastest run."""

    name: str
    rate: int
    """Hz, of the output; resampled where the voice has another one."""
    cpu_rtf: float
    """CPU seconds for a second of audio."""
    first_cpu: float
    """CPU seconds from the creation of the encoder to the first encoded bytes."""
    first_audio_seconds: float
    """Seconds of audio that the encoder read before its first encoded bytes."""
    kilobits: float
    """Kilobits for a second of audio."""


@dataclass(frozen=True, slots=True)
class NewsTextResult:
    """Repeated synthesis of the news text. CPU and memory are those of the process that synthesizes."""

    target: Annotated[str, Field(serialization_alias="way")]
    """`engine` or `http`."""
    characters: int
    repeats: int
    mean: float
    """Wall time of the whole text."""
    deviation: float
    """Standard deviation of the wall time."""
    audio_seconds: Annotated[float, Field(serialization_alias="sound")]
    """Mean duration of the audio."""
    rtf: float
    """Total wall time over total audio duration."""
    first_audio: Percentiles
    cpu_utilization: Annotated[float | None, Field(serialization_alias="cpu_share")]
    memory_peak: float | None
    gpu_memory: float | None
    """At the end; ONNX Runtime's arena does not shrink."""


@dataclass(frozen=True, slots=True)
class LoadResult:
    """One level of concurrency of the load test."""

    target: Annotated[str, Field(serialization_alias="way")]
    """`engine` or `http`."""
    concurrency: Annotated[int, Field(serialization_alias="listeners")]
    """Number of concurrent clients."""
    requests: int
    rejected: Annotated[int, Field(serialization_alias="refused")]
    """Requests rejected for lack of capacity; over HTTP with status 429."""
    failed: int
    first_failure: Annotated[str | None, Field(serialization_alias="failure")]
    """Error of the first failed request."""
    first_audio: Percentiles
    """Time to first audio of the completed requests."""
    chunks: int
    late_chunks: Annotated[int, Field(serialization_alias="late")]
    """Chunks that arrived after the client's playback buffer was empty."""
    interrupted: int
    """Requests with a late chunk."""
    underrun_seconds: Annotated[float, Field(serialization_alias="silence")]
    """Total duration of the underruns."""
    longest_underrun: Annotated[float, Field(serialization_alias="longest_gap")]
    audio_seconds: Annotated[float, Field(serialization_alias="sound")]
    throughput: float
    """Seconds of audio computed in a second."""
    cpu_utilization: Annotated[float | None, Field(serialization_alias="cpu_share")]
    """Of the process that synthesizes, 0 to 1."""
    memory_peak: float | None
    """Of the process that synthesizes."""


@dataclass(frozen=True, slots=True)
class CapacityLevel:
    """One number of clients, in as many runs as were on time, up to the number wanted."""

    clients: int
    runs: int
    runs_on_time: int
    """Without a late chunk, a rejected or a failed request."""
    admitted: int | None
    """Streams that fit, as the server predicted before the runs."""
    chunks: int
    late_chunks: int
    longest_underrun: float
    rejected: int
    failed: int
    first_audio: Percentiles
    """Of the last run."""
    cpu_utilization: float | None
    """Of the server, 0 to 1, in the last run."""

    @property
    def is_on_time(self) -> bool:
        """Whether all runs were."""
        return self.runs_on_time == self.runs


@dataclass(frozen=True, slots=True)
class CapacityResult:
    """How many streams are on time over HTTP, with one value of `scheduler.max_utilization`."""

    max_utilization: float
    streams: int
    """The largest number of clients that are on time in all runs."""
    levels: list[CapacityLevel]
    """Those that were tried, by the number of clients."""


@dataclass(frozen=True, slots=True)
class PiecesResult:
    """Text that arrives in pieces."""

    characters_per_second: int
    texts: int
    waited_characters: float
    """Mean number of characters after the end of the first clause until it could be spoken."""
    first_audio: Percentiles
    """From the character that completes what is spoken first."""


@dataclass(frozen=True, slots=True)
class ReferenceTimes:
    """Requests with a reference of one kind, over HTTP."""

    kind: str
    first_audio: Percentiles


@dataclass(frozen=True, slots=True)
class CacheTimes:
    """Answers of one source."""

    source: str
    first_byte: Percentiles
    end: Percentiles
    """Of the whole answer, which nothing slows down."""


@dataclass(frozen=True, slots=True)
class CacheResult:
    """The cache over HTTP."""

    times: list[CacheTimes]
    equal_requests: int
    """At once."""
    equal_computed: int
    """How many of them were computed."""
    popular_texts: int
    popular_requests: int
    hit_rate: float
    """Of the popular texts, whose popularity follows Zipf's law."""


@dataclass(frozen=True, slots=True)
class SoakResult:
    """A long mixed load over HTTP. The counts of requests are those of the clients that listen to the end."""

    requests: int
    refused: int
    """Answers with another status than 200."""
    failed: int
    """Answers that were cut off."""
    different: int
    """Answers that are not as they are alone."""
    first_problem: str | None
    largest_difference: float
    """Of two answers to a request, in units of 1/32,768."""
    cached: int
    """Answers from the cache, or shared with another client."""
    stalled: int
    """Requests of clients that never read."""
    left: int
    """Requests of clients that left in the middle."""
    late_chunks: int
    """Counted by the server, of all clients."""
    worker_restarts: int
    memory: list[float]
    """Of the server, MiB: before the first request, and after each twentieth of them."""


@dataclass(frozen=True, slots=True)
class MemoryResult:
    """A server with one voice, from its start on."""

    start_cpu_seconds: float | None
    """CPU time until it was ready."""
    requests: int
    memory: list[float]
    """Proportional set size in MiB: when it was ready, and after each twentieth of the requests."""


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """Correlations of the speech with recordings of the same words."""

    kind: str
    """How the recordings are read."""
    sentences: int
    plain_durations: float
    """Of the durations of syllables, without the recording."""
    durations: float
    plain_f0: float
    """Of F0 in semitones from the median of the sentence, without the recording."""
    f0: float
    refused: int
    """Of how many recordings another text is refused."""
    wrongly_refused: int
    """Of how many recordings the text itself is refused; these are in none of the correlations."""


@dataclass(frozen=True, slots=True)
class EmotionResult:
    """What a voice takes over from recordings of one system."""

    system: str
    recordings: int
    right_emotions: int | None
    """None: the emotions of the recordings are not known."""
    confidence: float
    """Mean."""
    nearer: dict[str, int]
    """Figure -> of how many recordings the speech with the reference is nearer to it than the speech without."""
    there: dict[str, int]
    """Figure -> of how many others both are less than 10 % away."""


@dataclass(frozen=True, slots=True)
class CostResult:
    """Cost of one precision."""

    precision: str
    throughput: float
    """Seconds of audio computed in a second at full utilization."""
    price_per_audio_hour: Annotated[float, Field(serialization_alias="sound_hour")]
    """Price of an hour of audio."""
    price_per_request: Annotated[float, Field(serialization_alias="request")]
    """Price of the news text of 120 characters."""
    currency: str


@dataclass(slots=True)
class VoiceResults:
    """Results of one voice; empty for benchmarks that did not run."""

    name: str
    description: str
    rtf: Annotated[list[RtfResult], Field(serialization_alias="speeds")] = field(default_factory=list)
    piper: list[PiperResult] = field(default_factory=list)
    latencies: list[LatencyResult] = field(default_factory=list)
    chunking: ChunkingResult | None = None
    batches: list[BatchingResult] = field(default_factory=list)
    formats: list[FormatResult] = field(default_factory=list)
    news_text: Annotated[list[NewsTextResult], Field(serialization_alias="quoted")] = field(default_factory=list)
    pieces: PiecesResult | None = None
    cache: CacheResult | None = None
    references: list[ReferenceTimes] = field(default_factory=list)
    deliveries: list[DeliveryResult] = field(default_factory=list)
    loads: list[LoadResult] = field(default_factory=list)
    capacities: list[CapacityResult] = field(default_factory=list)
    soak: SoakResult | None = None
    memory: MemoryResult | None = None
    emotions: list[EmotionResult] = field(default_factory=list)
    costs: list[CostResult] = field(default_factory=list)


@dataclass(slots=True)
class Results:
    """Results of one run."""

    date: str
    command: str
    machine: Machine
    voices: list[VoiceResults] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """Returns the results with the keys of the JSON format."""
        content: dict[str, Any] = _ADAPTER.dump_python(self, by_alias=True)
        return content

    def save(self, path: Path) -> None:
        """Writes the results as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.document(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


_ADAPTER = TypeAdapter(Results)
