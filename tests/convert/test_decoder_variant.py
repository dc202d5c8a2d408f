"""The mel decoder in 8 bits meets its quality limit, or is not written."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from convert.quantization import decoder_variant
from convert.quantization.calibration import OfflineAcousticModel
from convert.quantization.decoder_variant import BLOCK_SIZES, QUALITY_LIMIT, DecoderEvaluator, MelMetrics, rejection
from convert.quantization.graph_rewriting import fold_casts
from convert.quantization.int8_weights import block_weights, product_share, quantize_weights
from convert.quantization.sentences import load_sentences
from server.voices.manifest import read_manifest
from server.voices.voice import Voice
from tests.conftest import EMBEDDED


@pytest.fixture(scope="module")
def evaluator() -> DecoderEvaluator:
    """With one sentence."""
    manifest = read_manifest(EMBEDDED)
    acoustic = OfflineAcousticModel(EMBEDDED, manifest)
    model = onnx.load(EMBEDDED / "mel_decoder.onnx")
    return DecoderEvaluator(acoustic, model, load_sentences(manifest).evaluation[:1])


def test_the_variant_is_written_with_its_report(several: Path) -> None:
    variant = Voice(several / "demo").manifest.variants["int8"]
    report = variant.reports.mel_decoder
    assert report is not None
    assert report.snr_db >= QUALITY_LIMIT.snr_db
    assert report.f0_cents is not None
    assert 0 < report.f0_cents <= QUALITY_LIMIT.f0_cents
    assert report.block in BLOCK_SIZES
    assert 0.8 < report.share_of_decoder < 1
    exact, other = (onnx.load(several / "demo" / f"mel_decoder{end}.onnx") for end in ("", ".int8"))
    assert list(other.graph.input) == list(exact.graph.input)
    assert list(other.graph.output) == list(exact.graph.output)
    assert list(other.metadata_props) == list(exact.metadata_props)


def test_small_decoders_stay_float32(several: Path) -> None:
    manifest = Voice(several / "noncausal_16k").manifest
    assert "int8" not in manifest.variants
    assert not (several / "noncausal_16k" / "mel_decoder.int8.onnx").exists()


@pytest.mark.parametrize("block", BLOCK_SIZES)
def test_stored_weights_differ_by_half_a_step_at_most(block: int) -> None:
    model = fold_casts(onnx.load(EMBEDDED / "mel_decoder.onnx"))
    exact, stored = (
        {array.name: numpy_helper.to_array(array) for array in each.graph.initializer}
        for each in (model, quantize_weights(model, block))
    )
    chosen = block_weights(model)
    assert product_share(model) > 0.8
    assert chosen.keys().isdisjoint(stored)
    for name in chosen:
        weight, scales = exact[name].T, stored[f"{name}.scales"][:, :, None]
        restored = (stored[f"{name}.int8"].astype(np.float32) - 128) * scales
        difference = np.abs(restored.reshape(len(weight), -1)[:, : weight.shape[1]] - weight)
        limit = np.repeat(scales[:, :, 0], block, axis=1)[:, : weight.shape[1]]
        assert (difference <= 0.501 * limit).all()


def test_every_matrix_of_a_block_is_an_integer_product() -> None:
    model = quantize_weights(fold_casts(onnx.load(EMBEDDED / "mel_decoder.onnx")), 16)
    (loop,) = (node for node in model.graph.node if node.op_type == "Loop")
    products = [node for node in loop.attribute[0].g.node if node.op_type == "MatMulNBits"]
    assert len(products) == 4 * 4
    assert all(len(node.input) == 6 for node in products), "the bias is part of the product"


def test_smaller_blocks_are_taken_only_if_they_are_needed(
    evaluator: DecoderEvaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    largest = evaluator.candidate()
    assert largest.report.block == BLOCK_SIZES[0]
    assert rejection(largest) is None
    monkeypatch.setattr(decoder_variant, "QUALITY_LIMIT", MelMetrics(largest.metrics.snr_db + 0.1, 0, 6.0))
    smaller = evaluator.candidate()
    assert smaller.report.block < largest.report.block
    assert smaller.metrics.snr_db > largest.metrics.snr_db
    monkeypatch.setattr(decoder_variant, "QUALITY_LIMIT", MelMetrics(90.0, 0, 6.0))
    reason = rejection(evaluator.candidate())
    assert reason is not None
    assert "it differs too much from fp32 (mel SNR 4" in reason
    assert "at least 90 dB, no other voicing, and at most 6 cents" in reason


def test_f0_and_voicing_are_compared(evaluator: DecoderEvaluator) -> None:
    (mel,) = evaluator._reference
    assert evaluator.compare([mel]) == MelMetrics(120.0, 0, 0.0)
    scale = read_manifest(EMBEDDED).acoustic.f0
    assert scale is not None
    assert scale.kind == "mean_deviation"
    higher = mel.copy()
    hertz = mel[0, :, -2] * scale.deviation + scale.mean
    higher[0, :, -2] = (np.maximum(hertz, 30) * 2 ** (5 / 1200) - scale.mean) / scale.deviation
    metrics = evaluator.compare([higher])
    assert metrics.f0_cents == pytest.approx(5, abs=0.01)
    assert metrics.meets(QUALITY_LIMIT)
    other = mel.copy()
    other[0, :3, -1] = 1 - np.round(other[0, :3, -1])
    metrics = evaluator.compare([other])
    assert metrics.voicing_errors == 3
    assert not metrics.meets(QUALITY_LIMIT)
    assert not evaluator.compare([mel * np.float32(np.nan)]).meets(QUALITY_LIMIT)
