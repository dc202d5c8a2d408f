"""Initializes models with the weights of a voice, published or in KAN-TTS's layout, as far as the shapes allow."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from training.voice.corpus.speakers import EMOTIONS, HUMAN_SPEAKER, WORD_EMOTION
from training.voice.models.config import HIFIGAN_CONFIG
from training.voice.models.vocabulary import BREAK_EMOTION, EMOTION_ROWS, PHONES, SPEAKER_ROWS
from training.voice.train.published_voice import acoustic_weights, read_manifest, vocoder_weights

SIMILAR_PHONES = {
    "aa": "a_c", "ae": "a_c", "ah": "e_c", "ao": "o_c", "aw": "ao_c", "ay": "ai_c", "eh": "ei_c", "er": "er_c",
    "ey": "ei_c", "ih": "i_c", "iy": "i_c", "ow": "ou_c", "oy": "ou_c", "uh": "u_c", "uw": "u_c", "b": "b_c",
    "ch": "ch_c", "d": "d_c", "dh": "z_c", "f": "f_c", "g": "g_c", "hh": "h_c", "jh": "zh_c", "k": "k_c", "l": "l_c",
    "m": "m_c", "n": "n_c", "p": "p_c", "r": "r_c", "s": "s_c", "sh": "sh_c", "t": "t_c", "th": "s_c", "v": "w_c",
    "w": "w_c", "y": "y_c", "z": "z_c", "zh": "r_c",
}  # fmt: skip
"""English phones are initialized with the most similar Mandarin phone, erhua finals with their finals."""
MELS, F0_CHANNEL = 82, 80
"""Decoder channels, and the one of them that is F0."""
MODEL_OF_NEW_SPEAKERS = "female"
"""The speaker that a new one begins like."""


def initialize_acoustic(model: nn.Module, voice: Path, f0: tuple[float, float]) -> None:
    """Loads the acoustic model of `voice`. `f0` is the mean and standard deviation of the new corpus, Hz."""
    if (voice / "voice.yaml").is_file():
        _initialize_from_published(model, voice, f0)
    else:
        _initialize_from_package(model, voice, f0)


def _initialize_from_published(model: nn.Module, voice: Path, f0: tuple[float, float]) -> None:
    """Keeps the rows of the voice's speakers; a new speaker begins like `MODEL_OF_NEW_SPEAKERS`."""
    manifest, old = read_manifest(voice), acoustic_weights(voice)
    normalization = manifest["acoustic"]["f0"]
    _rescale_f0(old, (normalization["mean"], normalization["deviation"]), f0)
    state = model.state_dict()
    known = dict(zip(manifest["speakers"], old.pop("spk_tokenizer.weight"), strict=False))
    for name, row in SPEAKER_ROWS.items():
        rows = state["spk_tokenizer.weight"]
        rows[row] = known[name] if name in known else known[MODEL_OF_NEW_SPEAKERS] + 0.05 * torch.randn(rows.shape[1])
    if HUMAN_SPEAKER not in known:
        emotions = old["emo_tokenizer.weight"]
        noise = 0.05 * torch.randn(emotions.shape[1])
        emotions[EMOTION_ROWS[WORD_EMOTION]] = emotions[EMOTION_ROWS["neutral"]] + noise
    model.load_state_dict(state | old)


def initialize_all_but_speakers(model: nn.Module, voice: Path, f0: tuple[float, float]) -> None:
    """Loads the acoustic model of a published voice, except its table of speakers; see `initialize_acoustic`."""
    old = acoustic_weights(voice)
    normalization = read_manifest(voice)["acoustic"]["f0"]
    _rescale_f0(old, (normalization["mean"], normalization["deviation"]), f0)
    old.pop("spk_tokenizer.weight", None)
    model.load_state_dict(model.state_dict() | old)


def _initialize_from_package(model: nn.Module, package: Path, f0: tuple[float, float]) -> None:
    (folder,) = (path.parent for path in package.rglob("am/mvn.npy"))
    old = {key: value.clone() for key, value in _newest_weights(folder)["model"].items()}
    mean, deviation = np.load(folder / "mvn.npy").ravel().tolist()
    _rescale_f0(old, (mean, deviation), f0)
    phones = old["text_encoder.sy_emb.weight"]
    for row, phone in enumerate(PHONES):
        base = SIMILAR_PHONES.get(phone) or (phone.removesuffix("r_c") + "_c" if phone.endswith("r_c") else phone)
        phones[row] = phones[PHONES.index(base if base in PHONES else phone)]
    speakers = old.pop("spk_tokenizer.weight")
    state = model.state_dict()
    state["spk_tokenizer.weight"] = speakers[:1] + 0.1 * torch.randn_like(state["spk_tokenizer.weight"])
    for row in (EMOTION_ROWS[name] for name in (BREAK_EMOTION, *EMOTIONS)):
        old["emo_tokenizer.weight"][row] += 0.1 * torch.randn(old["emo_tokenizer.weight"].shape[1])
    model.load_state_dict(state | old)


def _rescale_f0(weights: dict[str, Tensor], old: tuple[float, float], new: tuple[float, float]) -> None:
    """Rescales what depends on the normalization of F0 (mean, standard deviation), so that F0 in Hz stays the same."""
    (mean, deviation), f0 = old, new
    scale, shift = deviation / f0[1], (mean - f0[0]) / f0[1]  # new = old x scale + shift
    decoder = "mel_decoder.mel_dec"
    for row in range(F0_CHANNEL, 3 * MELS, MELS):
        weights[f"{decoder}.dec_out_proj.weight"][row] *= scale
        bias = weights[f"{decoder}.dec_out_proj.bias"]
        bias[row] = bias[row] * scale + shift
    weights["mel_postnet.fc.weight"][F0_CHANNEL] *= scale
    weights["mel_postnet.fc.bias"][F0_CHANNEL] *= scale
    for key in (f"{decoder}.prenet.fcs.0", "mel_postnet.fsmn.ffn_lst.0.w_1"):
        _rescale_input(weights, key, scale, shift)
    predictor = "variance_adaptor.pitch_predictor.fc"
    weights[f"{predictor}.weight"] *= scale
    weights[f"{predictor}.bias"] = weights[f"{predictor}.bias"] * scale + shift
    weights["variance_adaptor.pitch_emb.weight"] /= scale


def initialize_vocoder(model: nn.Module, voice: Path) -> None:
    """Loads the generator of `voice`. Of a source with more harmonics only the lower ones are kept."""
    if (voice / "voice.yaml").is_file():
        read_manifest(voice)
        old = vocoder_weights(voice, HIFIGAN_CONFIG)
    else:
        (folder,) = {path.parents[1] for path in voice.rglob("voc/ckpt/*.pth")}
        old = dict(_newest_weights(folder)["model"]["generator"])
    mixer = "source_module.ffn.0.weight_v"
    harmonics = model.state_dict()[mixer].shape[1]
    kept = old[mixer][:, :harmonics]
    old["source_module.ffn.0.weight_g"] = old["source_module.ffn.0.weight_g"] * kept.norm() / old[mixer].norm()
    model.load_state_dict(old | {mixer: kept})


def _newest_weights(folder: Path) -> Any:
    newest = max((folder / "ckpt").glob("checkpoint_*.pth"), key=lambda path: int(path.stem.rpartition("_")[2]))
    return torch.load(newest, weights_only=True, map_location="cpu")


def _rescale_input(weights: dict[str, Tensor], key: str, scale: float, shift: float) -> None:
    """Adapts a layer that reads F0 to the new normalization: W x_old = W (x_new - shift) / scale."""
    column = weights[f"{key}.weight"][:, F0_CHANNEL] / scale
    weights[f"{key}.bias"] = weights[f"{key}.bias"] - shift * column.reshape(len(column))
    weights[f"{key}.weight"][:, F0_CHANNEL] = column
