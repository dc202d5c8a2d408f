"""Rebuilds trainable weights from a published voice: the inverse of what `convert` and `publish` do to them.

So a training can go on from the voice that ships, without its checkpoint. Weights come back as they are stored: exactly
from float32, rounded from float16. A voice in 8 bits is refused.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
import yaml
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor

from convert.models.hifigan_layers import polyphase
from training.voice.models.config import SAMBERT_CONFIG

Arrays = dict[str, NDArray[np.float32]]
SOURCE_AMPLITUDE = 0.1
"""`convert` multiplies the mix of harmonics by it."""
UPSAMPLING_KERNEL, UPSAMPLING_PADDING = 7, 3


def read_manifest(voice: Path) -> dict[str, Any]:
    """Returns voice.yaml. Raises `SystemExit` for a voice in 8 bits."""
    manifest: dict[str, Any] = yaml.safe_load((voice / "voice.yaml").read_text("utf-8"))
    if manifest["source"].get("storage", "").startswith("8 bits"):
        raise SystemExit(f"{voice} stores 8 bits a weight, too few to go on training; start from the larger voice")
    return manifest


def acoustic_weights(voice: Path) -> dict[str, Tensor]:
    """Returns the weights of the acoustic model under KAN-TTS's names, those of position tables left out."""
    weights: Arrays = {}
    for part in (_text_encoder, _contour_predictor, _contour_embedding, _duration_predictor, _decoder, _postnet):
        weights |= part(voice)
    return {name: torch.from_numpy(np.array(weight, np.float32, order="C")) for name, weight in weights.items()}


def vocoder_weights(voice: Path, config: Mapping[str, Any]) -> dict[str, Tensor]:
    """Returns the weights of the generator. `config` is HIFIGAN_CONFIG; the number of harmonics is the voice's."""
    graph = _initializers(voice, "vocoder")
    plain: dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]] = {
        "conv_pre.conv1d": (graph["pre.weight"][:, :, 0], graph["pre.bias"]),
        "conv_post.conv1d": (graph["post.weight"][:, :, 0], graph["post.bias"]),
        "source_module.ffn.0": (graph["source.mix"][:, :, 0] / SOURCE_AMPLITUDE, graph["source.bias"]),
    }
    branches = len(config["resblock_kernel_sizes"])
    width = config["channels"]
    for stage, (scale, size) in enumerate(zip(config["upsample_scales"], config["upsample_kernal_sizes"], strict=True)):
        repeated, transposed = _split_upsampling(graph[f"{stage}.up.weight"][:, :, 0], width, scale, size)
        bias = graph[f"{stage}.up.bias"].reshape(width // 2, scale)[:, 0]
        plain[f"repeat_upsamples.{stage}.2.conv1d"] = (repeated, bias)
        plain[f"transpose_upsamples.{stage}.1.deconv"] = (transposed, np.zeros_like(bias))
        source = f"{stage}.source"
        plain[f"source_downs.{stage}.conv1d"] = (graph[f"{source}.weight"][:, :, 0], graph[f"{source}.bias"])
        for branch in range(branches):
            for index in range(len(config["resblock_dilations"][branch])):
                for theirs, ours in (("dilated", "convs1"), ("plain", "convs2")):
                    name = f"{stage}.{branch}.{index}.{theirs}"
                    block = f"conv_blocks.{stage * branches + branch}.{ours}.{index}.conv1d"
                    plain[block] = (graph[f"{name}.weight"][:, :, 0], graph[f"{name}.bias"])
        width //= 2
    return dict(_normalized(plain))


def _normalized(plain: Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]]) -> Iterator[tuple[str, Tensor]]:
    """Yields the tensors of weight normalization: direction, length and bias of each layer."""
    for name, (weight, bias) in plain.items():
        direction = torch.from_numpy(np.array(weight, np.float32))
        yield f"{name}.weight_v", direction
        yield f"{name}.weight_g", direction.flatten(1).norm(dim=1).view(-1, *[1] * (direction.ndim - 1))
        yield f"{name}.bias", torch.from_numpy(np.array(bias, np.float32))


def _split_upsampling(
    merged: NDArray[np.float32], width: int, scale: int, size: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Divides a merged upsampling into the repeating and the transposed convolution, by least squares.

    The merged weight (out x scale, in, taps) is a linear function of both; where it does not determine them, the
    solution with the smallest norm gives the same output.
    """
    inputs, outputs = width, width // 2
    columns = []
    for unknown in range(UPSAMPLING_KERNEL + size):
        both = np.zeros(UPSAMPLING_KERNEL + size, np.float32)
        both[unknown] = 1
        repeated, transposed = both[None, None, :UPSAMPLING_KERNEL], both[None, None, UPSAMPLING_KERNEL:]
        columns.append(polyphase(repeated, UPSAMPLING_PADDING, transposed, (size - scale) // 2, scale)[0].ravel())
    basis = np.stack(columns, axis=1).astype(np.float64)
    taps = merged.reshape(outputs, scale, inputs, -1).transpose(1, 3, 0, 2).reshape(len(basis), -1)
    solution = np.linalg.lstsq(basis, taps.astype(np.float64), rcond=None)[0]
    repeated = solution[:UPSAMPLING_KERNEL].reshape(UPSAMPLING_KERNEL, outputs, inputs).transpose(1, 2, 0)
    transposed = solution[UPSAMPLING_KERNEL:].reshape(size, outputs, inputs).transpose(2, 1, 0)
    return repeated, transposed


def _initializers(voice: Path, graph: str) -> Arrays:
    """Returns the weights of a graph by name, those of its loops too."""
    model = onnx.load(voice / f"{graph}.onnx").graph
    bodies = [attribute.g for node in model.node for attribute in node.attribute if attribute.HasField("g")]
    return {
        weight.name.removesuffix(".half"): numpy_helper.to_array(weight).astype(np.float32)
        for part in (model, *bodies)
        for weight in part.initializer
    }


def _text_encoder(voice: Path) -> Arrays:
    graph = _initializers(voice, "text_encoder")
    scale = SAMBERT_CONFIG["encoder_num_units"] ** 0.5
    tables = ("sy_emb", "tone_emb", "syllable_flag_emb", "ws_emb")
    weights = {f"text_encoder.{name}.weight": graph[name] / scale for name in tables}
    for layer in range(SAMBERT_CONFIG["encoder_num_layers"]):
        prefix, attention = f"text_encoder.ling_enc.fft.{layer}", f"{layer}.attention"
        weights |= _norm(f"{prefix}.slf_attn.layer_norm", graph, f"{attention}.norm")
        weights |= _linear(f"{prefix}.slf_attn.w_qkv", graph, f"{attention}.qkv")
        weights |= _linear(f"{prefix}.slf_attn.fc", graph, f"{attention}.out")
        expand = graph[f"{layer}.ffn.expand.weight"]
        weights |= _feed_forward(prefix, graph, layer, expand.squeeze(2) if expand.ndim == 4 else expand)
    weights |= _norm("text_encoder.ling_enc.ln", graph, "norm")
    return weights | {"text_encoder.ling_proj.weight": graph["projection.weight"].T}


def _feed_forward(prefix: str, graph: Arrays, layer: int, expand: NDArray[np.float32]) -> Arrays:
    return {
        **_norm(f"{prefix}.pos_ffn.layer_norm", graph, f"{layer}.ffn.norm"),
        f"{prefix}.pos_ffn.w_1.weight": expand,
        f"{prefix}.pos_ffn.w_1.bias": graph[f"{layer}.ffn.expand.bias"],
        f"{prefix}.pos_ffn.w_2.weight": graph[f"{layer}.ffn.contract.weight"].T[..., None],
        f"{prefix}.pos_ffn.w_2.bias": graph[f"{layer}.ffn.contract.bias"],
    }


def _contour_predictor(voice: Path) -> Arrays:
    graph = _initializers(voice, "contour_predictor")
    weights = {"emo_tokenizer.weight": graph["emotion.embedding"]}
    if "speaker.embedding" in graph:  # a voice with a speaker embedding has no table
        weights["spk_tokenizer.weight"] = graph["speaker.embedding"]
    for name in ("pitch", "energy"):
        prefix = f"variance_adaptor.{name}_predictor"
        for layer in range(SAMBERT_CONFIG["predictor_fsmn_num_layers"]):
            fsmn = f"{name}.fsmn.{layer}"
            weights[f"{prefix}.fsmn.ffn_lst.{layer}.w_1.weight"] = graph[f"{fsmn}.expand"].T[..., None]
            weights[f"{prefix}.fsmn.ffn_lst.{layer}.w_1.bias"] = graph[f"{fsmn}.bias"]
            weights[f"{prefix}.fsmn.ffn_lst.{layer}.w_2.weight"] = graph[f"{fsmn}.contract"].T[..., None]
            memory = graph[f"{fsmn}.memory"]
            weights[f"{prefix}.fsmn.memory_block_lst.{layer}.conv_dw.weight"] = memory.reshape(len(memory), 1, -1)
        weights |= _lstm(f"{prefix}.blstm", graph, f"{name}.lstm", ("", "_reverse"))
        weights |= _linear(f"{prefix}.fc", graph, f"{name}.out")
    return weights


def _contour_embedding(voice: Path) -> Arrays:
    graph = _initializers(voice, "contour_embedding")
    weights: Arrays = {}
    for name in ("pitch", "energy"):
        kernel = graph[f"{name}.weight"]
        weights[f"variance_adaptor.{name}_emb.weight"] = kernel.reshape(kernel.shape[0], 1, -1)
        weights[f"variance_adaptor.{name}_emb.bias"] = graph[f"{name}.bias"]
    return weights


def _duration_predictor(voice: Path) -> Arrays:
    graph, prefix = _initializers(voice, "duration_predictor"), "variance_adaptor.duration_predictor"
    weights = _linear(f"{prefix}.prenet.fcs.0", graph, "prenet.0") | _linear(
        f"{prefix}.prenet.fcs.3", graph, "prenet.1"
    )
    inputs = SAMBERT_CONFIG["dur_pred_prenet_units"][-1]
    first, second = graph["lstm.0.weight"], graph["lstm.1.weight"]
    units = SAMBERT_CONFIG["dur_pred_lstm_units"]
    cells = (
        (np.concatenate([first[:inputs], graph["lstm.0.condition"]]), first[inputs:]),
        (second[:units], second[units:]),
    )
    for layer, (from_input, from_state) in enumerate(cells):
        bias = _torch_gates(graph[f"lstm.{layer}.bias"], 0)
        weights[f"{prefix}.lstm.weight_ih_l{layer}"] = _torch_gates(from_input, 1).T
        weights[f"{prefix}.lstm.weight_hh_l{layer}"] = _torch_gates(from_state, 1).T
        weights[f"{prefix}.lstm.bias_ih_l{layer}"] = bias
        weights[f"{prefix}.lstm.bias_hh_l{layer}"] = np.zeros_like(bias)
    return weights | _linear(f"{prefix}.fc", graph, "out")


def _decoder(voice: Path) -> Arrays:
    memory, graph = _initializers(voice, "decoder_memory"), _initializers(voice, "mel_decoder")
    prefix, width = "mel_decoder.mel_dec", SAMBERT_CONFIG["decoder_num_units"]
    layers, heads = SAMBERT_CONFIG["decoder_num_layers"], SAMBERT_CONFIG["decoder_num_heads"]
    window = memory["window.weight"].T.reshape(2, layers, width, -1)  # keys, values
    window_bias = memory["window.bias"].reshape(2, layers, width)
    weights: Arrays = {}
    for theirs, ours in (("prenet.0", "prenet.fcs.0"), ("prenet.1", "prenet.fcs.3"), ("prenet.out", "prenet.fcs.6"),
                         ("input", "dec_in_proj"), ("out", "dec_out_proj")):  # fmt: skip
        weights |= _linear(f"{prefix}.{ours}", graph, theirs)
    for layer in range(layers):
        block, attention = f"{prefix}.pnca.{layer}", f"{prefix}.pnca.{layer}.pnca_attn"
        weights |= _norm(f"{attention}.layer_norm", graph, f"{layer}.attention.norm")
        scale = np.repeat([(width // heads) ** 0.5, 1, 1], width).astype(np.float32)  # of query, key, value
        weights[f"{attention}.w_x_qkv.weight"] = graph[f"{layer}.attention.qkv.weight"].T * scale[:, None]
        weights[f"{attention}.w_x_qkv.bias"] = graph[f"{layer}.attention.qkv.bias"] * scale
        out, bias = graph[f"{layer}.attention.out"], graph[f"{layer}.attention.bias"]
        for part, name in enumerate(("fc_x", "fc_h")):
            rows = out.reshape(heads, 2, -1, width)[:, part].reshape(width, width)
            weights[f"{attention}.{name}.weight"] = rows.T
            weights[f"{attention}.{name}.bias"] = np.zeros_like(bias) if part else bias
        weights[f"{attention}.w_h_kv.weight"] = np.concatenate(window[:, layer])
        weights[f"{attention}.w_h_kv.bias"] = np.concatenate(window_bias[:, layer])
        weights |= _feed_forward(block, graph, layer, graph[f"{layer}.ffn.expand.weight"].T[..., None])
    return weights | _norm(f"{prefix}.ln", graph, "norm")


def _postnet(voice: Path) -> Arrays:
    graph, prefix = _initializers(voice, "postnet"), "mel_postnet"
    weights: Arrays = {}
    for layer in range(SAMBERT_CONFIG["postnet_fsmn_num_layers"]):
        fsmn = f"fsmn.{layer}"
        weights[f"{prefix}.fsmn.ffn_lst.{layer}.w_1.weight"] = graph[f"{fsmn}.expand.weight"][..., 0]
        weights[f"{prefix}.fsmn.ffn_lst.{layer}.w_1.bias"] = graph[f"{fsmn}.expand.bias"]
        weights[f"{prefix}.fsmn.ffn_lst.{layer}.w_2.weight"] = graph[f"{fsmn}.contract.weight"][..., 0]
        weights[f"{prefix}.fsmn.memory_block_lst.{layer}.conv_dw.weight"] = graph[f"{fsmn}.memory.weight"][:, :, 0]
    return weights | _lstm(f"{prefix}.lstm", graph, "lstm", ("",)) | _linear(f"{prefix}.fc", graph, "out")


def _linear(name: str, graph: Arrays, source: str) -> Arrays:
    return {f"{name}.weight": graph[f"{source}.weight"].T, f"{name}.bias": graph[f"{source}.bias"]}


def _norm(name: str, graph: Arrays, source: str) -> Arrays:
    return {f"{name}.weight": graph[f"{source}.scale"], f"{name}.bias": graph[f"{source}.bias"]}


def _lstm(name: str, graph: Arrays, source: str, directions: tuple[str, ...]) -> Arrays:
    weights: Arrays = {}
    for index, suffix in enumerate(directions):
        weights[f"{name}.weight_ih_l0{suffix}"] = _torch_gates(graph[f"{source}.W"][index], 0)
        weights[f"{name}.weight_hh_l0{suffix}"] = _torch_gates(graph[f"{source}.R"][index], 0)
        input_bias, state_bias = np.split(graph[f"{source}.B"][index], 2)
        weights[f"{name}.bias_ih_l0{suffix}"] = _torch_gates(input_bias, 0)
        weights[f"{name}.bias_hh_l0{suffix}"] = _torch_gates(state_bias, 0)
    return weights


def _torch_gates(weight: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Reorders the gates of an LSTM: input, output, forget, cell (ONNX) -> input, forget, cell, output (torch)."""
    first, output, forget, cell = np.split(weight, 4, axis)
    return np.concatenate([first, forget, cell, output], axis)
