"""Creates variants of a voice in other precisions; of each, the graphs are kept that meet their quality limit.

Only the vocoder and the mel decoder have variants: they are nearly all of the computation, and the graphs before them
decide the durations. So all variants of a voice have the same durations.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import onnx
from pydantic import BaseModel

from convert.models.hifigan_layers import Generator, generator_of_graph
from convert.output.folder import write_model
from convert.quantization import decoder_variant
from convert.quantization.calibration import Arrays, CalibrationSession, OfflineAcousticModel
from convert.quantization.decoder_variant import MIN_PRODUCTS, DecoderEvaluator
from convert.quantization.fp16 import to_fp16
from convert.quantization.int8 import Int8Choice, block_names, int8_vocoder, multiplication_share
from convert.quantization.metrics import Samples, SpectralMetrics, compare_audio
from convert.quantization.ranges import measure_ranges
from convert.quantization.saturation import products_saturate
from convert.quantization.sentences import SentenceSets, load_sentences
from server.voices.manifest import GraphFile, Manifest, Reports, Variant, VocoderReport

VOCODER = "vocoder"
QUALITY_LIMITS = {
    "fp16": SpectralMetrics(snr_db=40.0, log_spectral_distance_db=0.5),
    "int8": SpectralMetrics(snr_db=22.0, log_spectral_distance_db=1.5),
}
"""int8 may lose as much as Opus at its lowest rate (see `metrics`), fp16 nothing audible."""
INT8_GOAL = SpectralMetrics(snr_db=30.0, log_spectral_distance_db=0.9)
"""The fastest way to compute in 8 bits that reaches it is chosen; else the most exact one, within the limit."""
MIN_CHANNELS = 32
"""Of the stages that the more exact ways compute in 8 bits: in narrower ones, which are nearest to the audio, 8 bits
are the least exact, and save the least time (measured, docs/precision.md)."""
MIN_INT8_SHARE = 0.5
"""Of the multiplications; with less in 8 bits a variant is not worth its size."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class CreatedVariants:
    """The variants that were written, and a note for each one that was rejected."""

    variants: Mapping[str, Variant]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A variant of the vocoder with its quality."""

    model: onnx.ModelProto
    metrics: SpectralMetrics
    share: float
    """Of the multiplications that are done in this precision."""


def make_variants(folder: Path, manifest: Manifest, precisions: Sequence[str], progress: Progress) -> CreatedVariants:
    """Writes the variants that meet their limits into `folder`, which holds the float32 graphs."""
    sentences = load_sentences(manifest)
    if not sentences.calibration:
        missing = f"there are no evaluation sentences in {manifest.language}"
        return CreatedVariants({}, (f"{', '.join(precisions)} left out: {missing}",))
    progress("synthesizing calibration and evaluation sentences")
    acoustic = OfflineAcousticModel(folder, manifest)
    variants: dict[str, Variant] = {}
    notes: list[str] = []
    for precision in precisions:
        writer = VariantWriter(folder, manifest, precision)
        progress(f"writing {VOCODER}.{precision}.onnx")
        make_vocoder(writer, acoustic, sentences)
        if precision == "int8":
            progress(f"writing {decoder_variant.GRAPH}.{precision}.onnx")
            make_decoder(writer, acoustic, sentences)
        if writer.graphs:
            variants[precision] = Variant(graphs=writer.graphs, reports=Reports(**writer.reports))
        notes += writer.notes
    return CreatedVariants(variants, tuple(notes))


class VariantWriter:
    """Writes the graphs of one variant, and collects their reports and the notes about those that were left out."""

    def __init__(self, folder: Path, manifest: Manifest, precision: str) -> None:
        self.manifest, self.precision = manifest, precision
        self.graphs: dict[str, GraphFile] = {}
        self.reports: dict[str, Any] = {}
        self.notes: list[str] = []
        self._folder = folder

    def load(self, graph: str) -> onnx.ModelProto:
        """The float32 graph."""
        return onnx.load(self._folder / f"{graph}.onnx")

    def keep(self, graph: str, model: onnx.ModelProto, report: BaseModel) -> None:
        """Writes a graph that meets its limit."""
        file = self._folder / f"{graph}.{self.precision}.onnx"
        self.graphs[graph] = write_model(model, file, self.manifest.graphs[graph].parameters)
        self.reports[graph] = report

    def leave_out(self, graph: str, reason: str) -> None:
        """Notes why the variant has the float32 graph."""
        self.notes.append(f"{graph}.{self.precision} is left out: {reason}")


def make_vocoder(writer: VariantWriter, acoustic: OfflineAcousticModel, sentences: SentenceSets) -> None:
    """The vocoder in the precision of the variant."""
    model, is_int8 = writer.load(VOCODER), writer.precision == "int8"
    if is_int8 and (obstacle := int8_obstacle(model)):
        writer.leave_out(VOCODER, obstacle)
        return
    evaluator = Evaluator(model, [acoustic.vocoder_inputs(each) for each in sentences.evaluation])
    if is_int8:
        calibration = [acoustic.vocoder_inputs(each) for each in sentences.calibration]
        candidate = int8_candidate(evaluator, calibration)
    else:
        candidate = evaluator.evaluate(to_fp16(model), 1.0)
    if reason := rejection(candidate, writer.precision):
        writer.leave_out(VOCODER, reason)
    else:
        writer.keep(VOCODER, candidate.model, evaluator.report(candidate, writer.manifest.sample_rate))


def int8_obstacle(model: onnx.ModelProto) -> str | None:
    """Why this vocoder is not quantized, on this CPU; None if it is."""
    if products_saturate():
        return (
            "this CPU adds 8-bit products in 16 bits, which overflow, so it cannot judge the quality; "
            "for servers with VNNI or ARM processors, convert on one of them"
        )
    generator = generator_of_graph(model)
    if (share := multiplication_share(generator, block_names(generator, MIN_CHANNELS))) < MIN_INT8_SHARE:
        return (
            f"it is too small to gain from it ({share:.0%} of its multiplications are in residual blocks of at least "
            f"{MIN_CHANNELS} channels, at least {MIN_INT8_SHARE:.0%} should be)"
        )
    return None


def make_decoder(writer: VariantWriter, acoustic: OfflineAcousticModel, sentences: SentenceSets) -> None:
    """The mel decoder in 8 bits."""
    evaluator = DecoderEvaluator(acoustic, writer.load(decoder_variant.GRAPH), sentences.evaluation)
    if evaluator.products < MIN_PRODUCTS:
        size = f"{evaluator.products} products a step, at least {MIN_PRODUCTS} should be"
        writer.leave_out(decoder_variant.GRAPH, f"it is too small to gain from it ({size})")
        return
    candidate = evaluator.candidate()
    if reason := decoder_variant.rejection(candidate):
        writer.leave_out(decoder_variant.GRAPH, reason)
    else:
        writer.keep(decoder_variant.GRAPH, candidate.model, candidate.report)


class Evaluator:
    """The float32 vocoder and its audio of the evaluation sentences."""

    def __init__(self, model: onnx.ModelProto, inputs: Sequence[Arrays]) -> None:
        self.model = model
        self._inputs = inputs
        self._reference = run_vocoder(self.model, inputs)

    @cached_property
    def generator(self) -> Generator:
        """The layers of the vocoder."""
        return generator_of_graph(self.model)

    def evaluate(self, model: onnx.ModelProto, share: float) -> Candidate:
        """The metrics of another vocoder on the same sentences."""
        return Candidate(model, compare_audio(self._reference, run_vocoder(model, self._inputs)), share)

    def report(self, candidate: Candidate, sample_rate: int) -> VocoderReport:
        """The entry of a candidate in voice.yaml."""
        samples = sum(len(audio) for audio in self._reference)
        return VocoderReport(
            snr_db=round(candidate.metrics.snr_db, 1),
            log_spectral_distance_db=round(candidate.metrics.log_spectral_distance_db, 2),
            sentences=len(self._reference),
            seconds=round(samples / sample_rate, 1),
            share_of_vocoder=round(candidate.share, 2),
        )


def int8_candidate(evaluator: Evaluator, calibration: Sequence[Arrays]) -> Candidate:
    """The fastest vocoder in 8 bits that reaches the goal, else one with as many blocks in 8 bits as the limit allows.

    Blocks are removed in the order of their distance from float32, measured with only one block in 8 bits, on a
    calibration sentence. The last candidate is returned if none meets the limit.
    """
    generator = evaluator.generator
    names = [name for name, _ in generator.convolutions if name.endswith((".dilated", ".plain"))]
    ranges = measure_ranges(evaluator.model, names, calibration)

    def evaluate(choice: Int8Choice) -> Candidate:
        model = int8_vocoder(generator, ranges, choice).build()
        return evaluator.evaluate(model, multiplication_share(generator, choice.blocks))

    for choice in int8_choices(generator):
        candidate = evaluate(choice)
        if candidate.metrics.meets(INT8_GOAL):
            return candidate
    if candidate.metrics.meets(QUALITY_LIMITS["int8"]):
        return candidate
    sentence = calibration[:1]
    reference = run_vocoder(evaluator.model, sentence)

    def distance(block: str) -> float:
        model = int8_vocoder(generator, ranges, replace(choice, blocks=frozenset([block]))).build()
        return compare_audio(reference, run_vocoder(model, sentence)).log_spectral_distance_db

    for block in sorted(choice.blocks, key=distance, reverse=True):
        choice = replace(choice, blocks=choice.blocks - {block})
        if multiplication_share(generator, choice.blocks) < MIN_INT8_SHARE:
            break
        candidate = evaluate(choice)
        if candidate.metrics.meets(QUALITY_LIMITS["int8"]):
            break
    return candidate


def int8_choices(generator: Generator) -> list[Int8Choice]:
    """What to compute in 8 bits, from the fastest to the most exact."""
    everything, wide = (frozenset(block_names(generator, channels)) for channels in (0, MIN_CHANNELS))
    return [Int8Choice(everything), Int8Choice(wide), Int8Choice(wide, channel_scales=True)]


def rejection(candidate: Candidate, precision: str) -> str | None:
    """Why a candidate misses its quality limit, with the metrics; None if it meets the limit."""
    limit = QUALITY_LIMITS[precision]
    if candidate.metrics.meets(limit):
        return None
    return (
        f"it differs too much from fp32 ({candidate.metrics}; required are "
        f"at least {limit.snr_db:g} dB and at most {limit.log_spectral_distance_db:g} dB)"
    )


def run_vocoder(model: onnx.ModelProto, inputs: Sequence[Arrays]) -> list[Samples]:
    """The audio of each sentence, computed in one run."""
    session = CalibrationSession(model.SerializeToString())
    return [session.run(given | session.initial_state(), "audio")["audio"][0] for given in inputs]
