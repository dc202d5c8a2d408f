"""Sambert, the acoustic model, as KAN-TTS defines it and names its tensors; for training, so it sees whole targets.

Shapes: u units, t frames, s decoder steps of r frames, d channels. The architecture is described in convert/, graph by
graph; sources: kantts/models/sambert, MIT.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

Config = dict[str, Any]
EPSILON = 1e-6


@dataclass(frozen=True, slots=True)
class Batch:
    features: Tensor
    """(b, u, 4): rows of phone, tone, syllable flag, word flag"""
    emotions: Tensor
    speakers: Tensor
    """(b, u) each"""
    known: Tensor
    """(b, u): True where there is a unit, False where there is padding"""
    durations: Tensor
    pitch: Tensor
    energy: Tensor
    """(b, u) each: frames, and normalised means over them"""
    owner: Tensor
    """(b, t): the unit that a frame belongs to, -1 for padding; t is a multiple of r"""
    place: Tensor
    """(b, t): 1 for the first frame of its unit, 0 for padding"""
    mel: Tensor
    """(b, t, mels): what to say"""


@dataclass(frozen=True, slots=True)
class Prediction:
    log_durations: Tensor
    pitch: Tensor
    energy: Tensor
    """(b, u) each"""
    decoded: Tensor
    mel: Tensor
    """(b, t, mels), before and after the postnet"""


class SelfAttention(nn.Module):
    def __init__(self, d_in: int, d: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.layer_norm = nn.LayerNorm(d_in, eps=EPSILON)
        self.w_qkv = nn.Linear(d_in, 3 * d)
        self.fc = nn.Linear(d, d)

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        query, key, value = (split(part, self.heads) for part in self.w_qkv(self.layer_norm(x)).chunk(3, -1))
        out = self.fc(merge(F.scaled_dot_product_attention(query, key, value, attn_mask=seen)))
        return out + x if x.shape[-1] == out.shape[-1] else out


class FeedForward(nn.Module):
    def __init__(self, d: int, inner: int, kernel: int) -> None:
        super().__init__()
        self.w_1 = nn.Conv1d(d, inner, kernel, padding=kernel // 2)
        self.w_2 = nn.Conv1d(inner, d, 1)
        self.layer_norm = nn.LayerNorm(d, eps=EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.w_2(F.relu(self.w_1(self.layer_norm(x).transpose(1, 2)))).transpose(1, 2)


class EncoderBlock(nn.Module):
    def __init__(self, d_in: int, d: int, heads: int, inner: int) -> None:
        super().__init__()
        self.slf_attn = SelfAttention(d_in, d, heads)
        self.pos_ffn = FeedForward(d, inner, 3)

    def forward(self, x: Tensor, known: Tensor) -> Tensor:
        x = self.slf_attn(x, known[:, None, None, :]) * known[..., None]
        return self.pos_ffn(x) * known[..., None]


class Positions(nn.Module):
    """Sinusoids from position 1: sines, then cosines."""

    def __init__(self, length: int, d: int) -> None:
        super().__init__()
        angles = np.arange(1, length + 1)[:, None] / 10000 ** (np.arange(d // 2) / (d / 2 - 1))
        table = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
        self.position_enc = nn.Parameter(torch.tensor(table, dtype=torch.float32)[None], requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.position_enc[:, : x.shape[1]]


class Encoder(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        d_in, self.d = config["embedding_dim"], config["encoder_num_units"]
        heads, inner = config["encoder_num_heads"], config["encoder_ffn_inner_dim"]
        sizes = [d_in] + [self.d] * (config["encoder_num_layers"] - 1)
        self.fft = nn.ModuleList(EncoderBlock(size, self.d, heads, inner) for size in sizes)
        self.ln = nn.LayerNorm(self.d, eps=EPSILON)
        self.position_enc = Positions(config["max_len"], d_in)

    def forward(self, x: Tensor, known: Tensor) -> Tensor:
        x = self.position_enc(x * self.d**0.5)
        for block in self.fft:
            x = block(x, known)
        return self.ln(x)


class TextEncoder(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        d = config["embedding_dim"]
        self.sy_emb = nn.Embedding(config["sy"], d)
        self.tone_emb = nn.Embedding(config["tone"], d)
        self.syllable_flag_emb = nn.Embedding(config["syllable_flag"], d)
        self.ws_emb = nn.Embedding(config["word_segment"], d)
        self.ling_enc = Encoder(config)
        self.ling_proj = nn.Linear(config["encoder_num_units"], config["encoder_projection_units"], bias=False)

    def forward(self, features: Tensor, known: Tensor) -> Tensor:
        phones, tones, flags, words = features.unbind(-1)
        x = self.sy_emb(phones) + self.tone_emb(tones) + self.syllable_flag_emb(flags) + self.ws_emb(words)
        return self.ling_proj(self.ling_enc(x, known))


class Memory(nn.Module):
    """The depthwise convolution of an FSMN layer."""

    def __init__(self, d: int, kernel: int, shift: int) -> None:
        super().__init__()
        self.left, self.right = -(-(kernel - 1) // 2) + shift, (kernel - 1) // 2 - shift
        self.conv_dw = nn.Conv1d(d, d, kernel, groups=d, bias=False)

    def forward(self, x: Tensor, known: Tensor) -> Tensor:
        x = x * known[..., None]
        past = self.conv_dw(F.pad(x, (0, 0, self.left, self.right)).transpose(1, 2)).transpose(1, 2)
        return (past + x) * known[..., None]


class Projection(nn.Module):
    def __init__(self, d_in: int, inner: int, d: int) -> None:
        super().__init__()
        self.w_1 = nn.Conv1d(d_in, inner, 1)
        self.w_2 = nn.Conv1d(inner, d, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.w_2(F.relu(self.w_1(x.transpose(1, 2)))).transpose(1, 2)


class Fsmn(nn.Module):
    def __init__(self, d_in: int, d: int, inner: int, layers: int, kernel: int, shift: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.ffn_lst = nn.ModuleList(Projection(d_in if n == 0 else d, inner, d) for n in range(layers))
        self.memory_block_lst = nn.ModuleList(Memory(d, kernel, shift) for _ in range(layers))

    def forward(self, x: Tensor, known: Tensor) -> Tensor:
        x = F.dropout(x, self.dropout, self.training)
        for project, remember in zip(self.ffn_lst, self.memory_block_lst, strict=True):
            found = F.dropout(remember(project(x), known), self.dropout, self.training)
            x = found + x if found.shape[-1] == x.shape[-1] else found
        return x


class ContourPredictor(nn.Module):
    def __init__(self, d_in: int, config: Config) -> None:
        super().__init__()
        d, units = config["predictor_num_memory_units"], config["predictor_lstm_units"]
        self.fsmn = Fsmn(
            d_in, d, config["predictor_ffn_inner_dim"], config["predictor_fsmn_num_layers"],
            config["predictor_filter_size"], config["predictor_shift"], config["predictor_dropout"],
        )  # fmt: skip
        self.blstm = nn.LSTM(d, units, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * units, 1)

    def forward(self, x: Tensor, known: Tensor) -> Tensor:
        lengths = known.sum(1).cpu()
        packed = nn.utils.rnn.pack_padded_sequence(self.fsmn(x, known), lengths, True, enforce_sorted=False)
        out, _ = nn.utils.rnn.pad_packed_sequence(self.blstm(packed)[0], True, total_length=x.shape[1])
        return self.fc(out).squeeze(-1) * known


class Prenet(nn.Module):
    def __init__(self, d_in: int, sizes: list[int], d_out: int = 0) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in zip([d_in, *sizes], sizes, strict=False):
            layers += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(0.5)]
        self.fcs = nn.ModuleList([*layers, nn.Linear(sizes[-1], d_out)] if d_out else layers)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.fcs:
            x = layer(x)
        return x


class DurationPredictor(nn.Module):
    def __init__(self, d_in: int, config: Config) -> None:
        super().__init__()
        sizes, units = config["dur_pred_prenet_units"], config["dur_pred_lstm_units"]
        self.prenet = Prenet(1, sizes)
        self.lstm = nn.LSTM(sizes[-1] + d_in, units, num_layers=2, batch_first=True)
        self.fc = nn.Linear(units, 1)

    def forward(self, before: Tensor, condition: Tensor) -> Tensor:
        """`before` (b, u): log(1 + frames) of the unit before"""
        out, _ = self.lstm(torch.cat([self.prenet(before[..., None]), condition], -1))
        return F.relu(self.fc(out).squeeze(-1))


class PlaceCode(nn.Module):
    def __init__(self, d: int) -> None:
        super().__init__()
        scales = 10000 ** (2 * (np.arange(d) // 2) / d)
        self.inv_timescales = nn.Parameter(torch.tensor(scales, dtype=torch.float32), requires_grad=False)

    def forward(self, place: Tensor) -> Tensor:
        angles = place[..., None] / self.inv_timescales
        return torch.stack([angles[..., 0::2].sin(), angles[..., 1::2].cos()], -1).flatten(-2)


class VarianceAdaptor(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        d = config["encoder_projection_units"]
        d_in = d + config["emotion_units"] + config["speaker_units"]
        self.pitch_predictor = ContourPredictor(d_in, config)
        self.energy_predictor = ContourPredictor(d_in, config)
        self.duration_predictor = DurationPredictor(d_in, config)
        self.dur_position_encoder = PlaceCode(d)
        self.pitch_emb = nn.Conv1d(1, d, 9, padding=4)
        self.energy_emb = nn.Conv1d(1, d, 9, padding=4)

    def coloured(self, text: Tensor, pitch: Tensor, energy: Tensor) -> Tensor:
        return text + (self.pitch_emb(pitch[:, None]) + self.energy_emb(energy[:, None])).transpose(1, 2)


class BandAttention(nn.Module):
    """One query looks back over the decoder's own past and ahead over the memory."""

    def __init__(self, d: int, d_memory: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.layer_norm = nn.LayerNorm(d, eps=EPSILON)
        self.w_x_qkv, self.fc_x = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.w_h_kv, self.fc_h = nn.Linear(d_memory, 2 * d), nn.Linear(d, d)

    def forward(self, x: Tensor, memory: Tensor, back: Tensor, ahead: Tensor) -> Tensor:
        query, key, value = (split(part, self.heads) for part in self.w_x_qkv(self.layer_norm(x)).chunk(3, -1))
        past = merge(F.scaled_dot_product_attention(query, key, value, attn_mask=back))
        key, value = (split(part, self.heads) for part in self.w_h_kv(memory).chunk(2, -1))
        coming = merge(F.scaled_dot_product_attention(query, key, value, attn_mask=ahead))
        return x + self.fc_x(past) + self.fc_h(coming)


class DecoderBlock(nn.Module):
    def __init__(self, d: int, d_memory: int, heads: int, inner: int) -> None:
        super().__init__()
        self.pnca_attn = BandAttention(d, d_memory, heads)
        self.pos_ffn = FeedForward(d, inner, 1)

    def forward(self, x: Tensor, memory: Tensor, back: Tensor, ahead: Tensor) -> Tensor:
        return self.pos_ffn(self.pnca_attn(x, memory, back, ahead))


class Decoder(nn.Module):
    def __init__(self, config: Config, d_memory: int) -> None:
        super().__init__()
        mels, self.d = config["num_mels"], config["decoder_num_units"]
        self.prenet = Prenet(mels, config["decoder_prenet_units"], self.d)
        self.dec_in_proj = nn.Linear(self.d + d_memory, self.d)
        self.pnca = nn.ModuleList(
            DecoderBlock(self.d, d_memory, config["decoder_num_heads"], config["decoder_ffn_inner_dim"])
            for _ in range(config["decoder_num_layers"])
        )
        self.ln = nn.LayerNorm(self.d, eps=EPSILON)
        self.dec_out_proj = nn.Linear(self.d, mels * config["outputs_per_step"])

    def forward(self, before: Tensor, memory: Tensor, real: Tensor, band: int) -> Tensor:
        """`before` (b, s, mels): the last frame of the step before; `real` (b, s): whether there is a step"""
        x = self.dec_in_proj(torch.cat([memory, self.prenet(before)], -1)) * self.d**0.5
        steps = torch.arange(x.shape[1], device=x.device)
        distance = steps[None, :] - steps[:, None]  # (query, key)
        back = (distance <= 0) & (distance >= -band)
        ahead = (distance >= 0) & (distance <= band) & (real[:, None, None, :] | (distance == 0))
        for block in self.pnca:
            x = block(x, memory, back, ahead)
        return self.dec_out_proj(self.ln(x))


class MelDecoder(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        folded = config["encoder_projection_units"] * config["outputs_per_step"]
        self.mel_dec = Decoder(config, folded + config["emotion_units"] + config["speaker_units"])


class PostNet(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        d, units = config["postnet_num_memory_units"], config["postnet_lstm_units"]
        self.fsmn = Fsmn(
            config["num_mels"], d, config["postnet_ffn_inner_dim"], config["postnet_fsmn_num_layers"],
            config["postnet_filter_size"], config["postnet_shift"], config["postnet_dropout"],
        )  # fmt: skip
        self.lstm = nn.LSTM(d, units, batch_first=True)
        self.fc = nn.Linear(units, config["num_mels"])

    def forward(self, x: Tensor, known: Tensor) -> Tensor:
        return self.fc(self.lstm(self.fsmn(x, known))[0])


class Sambert(nn.Module):
    """`config` is KAN-TTS's `params` and the table sizes: sy, tone, syllable_flag, word_segment, emotion, speaker."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.r = config["outputs_per_step"]
        self.text_encoder = TextEncoder(config)
        self.spk_tokenizer = nn.Embedding(config["speaker"], config["speaker_units"])
        self.emo_tokenizer = nn.Embedding(config["emotion"], config["emotion_units"])
        self.variance_adaptor = VarianceAdaptor(config)
        self.mel_decoder = MelDecoder(config)
        self.mel_postnet = PostNet(config)

    def forward(self, batch: Batch) -> Prediction:
        """Pitch, energy, durations and the mel of the step before come from the batch, as in KAN-TTS's training."""
        text = self.text_encoder(batch.features, batch.known)
        emotion, speaker = self.emo_tokenizer(batch.emotions), self.spk_tokenizer(batch.speakers)
        adaptor = self.variance_adaptor
        style = torch.cat([text, speaker, emotion], -1)
        pitch, energy = adaptor.pitch_predictor(style, batch.known), adaptor.energy_predictor(style, batch.known)
        text = adaptor.coloured(text, batch.pitch, batch.energy)
        before = F.pad(torch.log1p(batch.durations.float())[:, :-1], (1, 0))
        log_durations = adaptor.duration_predictor(before, torch.cat([text, speaker, emotion], -1))

        memory = self._memory(text, speaker, emotion, batch)
        heard = F.pad(batch.mel[:, self.r - 1 :: self.r], (0, 0, 1, 0))[:, :-1]
        band = int(float(batch.durations.max()) / self.r + 0.5)
        decoded = self.mel_decoder.mel_dec(heard, memory, batch.owner[:, :: self.r] >= 0, band)
        decoded = decoded.view(len(decoded), -1, batch.mel.shape[-1])
        known = batch.owner >= 0
        return Prediction(log_durations, pitch, energy, decoded, decoded + self.mel_postnet(decoded, known))

    def _memory(self, text: Tensor, speaker: Tensor, emotion: Tensor, batch: Batch) -> Tensor:
        """(b, s, r x text + speaker + emotion)"""
        known = (batch.owner >= 0)[..., None]
        index = batch.owner.clamp(min=0)[..., None]
        units = torch.cat([text, speaker, emotion], -1)
        frames = torch.gather(units, 1, index.expand(-1, -1, units.shape[-1])) * known
        text, style = frames[..., : text.shape[-1]], frames[..., text.shape[-1] :]
        text = text + self.variance_adaptor.dur_position_encoder(batch.place)
        return torch.cat([text.reshape(len(text), -1, self.r * text.shape[-1]), style[:, :: self.r]], -1)


def split(x: Tensor, heads: int) -> Tensor:
    """(b, n, d) -> (b, heads, n, d / heads)"""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def merge(x: Tensor) -> Tensor:
    return x.transpose(1, 2).flatten(-2)
