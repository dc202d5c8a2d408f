"""Sambert, the acoustic model, with KAN-TTS's architecture and tensor names; for training, with teacher forcing.

Shapes: b batch, u units, t frames, s decoder steps of r frames, d channels. convert/models describes the architecture
graph by graph. Source: kantts/models/sambert, MIT.
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
    """Inputs and targets of one training step."""

    unit_rows: Tensor
    """(b, u, 4): rows of phone, tone, syllable flag, word flag."""
    emotions: Tensor
    """(b, u): rows."""
    speakers: Tensor
    """(b, u): rows."""
    unit_mask: Tensor
    """(b, u): True for units, False for padding."""
    durations: Tensor
    """(b, u): frames."""
    pitch: Tensor
    """(b, u): normalized mean of F0 over the unit's voiced frames."""
    energy: Tensor
    """(b, u): normalized mean over the unit's frames."""
    frame_units: Tensor
    """(b, t): index of the unit that a frame belongs to, -1 for padding; t is a multiple of r."""
    frame_positions: Tensor
    """(b, t): 1 for the first frame of its unit, 0 for padding."""
    mel: Tensor
    """(b, t, mels): normalized mels, F0 and voicing."""

    def to(self, device: str) -> "Batch":
        """Returns the batch on a device."""
        return Batch(*(getattr(self, name).to(device) for name in Batch.__slots__))


@dataclass(frozen=True, slots=True)
class Prediction:
    """Outputs of the model."""

    log_durations: Tensor
    """(b, u): log(1 + frames)."""
    pitch: Tensor
    """(b, u), normalized."""
    energy: Tensor
    """(b, u), normalized."""
    decoded: Tensor
    """(b, t, mels), before the postnet."""
    mel: Tensor
    """(b, t, mels), after the postnet."""


class SelfAttention(nn.Module):
    """Multi-head self-attention with layer normalization before it."""

    def __init__(self, d_in: int, d: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.layer_norm = nn.LayerNorm(d_in, eps=EPSILON)
        self.w_qkv = nn.Linear(d_in, 3 * d)
        self.fc = nn.Linear(d, d)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(b, n, d_in) -> (b, n, d); `mask` is True for the keys that a query may attend to."""
        query, key, value = (split_heads(part, self.heads) for part in self.w_qkv(self.layer_norm(x)).chunk(3, -1))
        out = self.fc(merge_heads(F.scaled_dot_product_attention(query, key, value, attn_mask=mask)))
        return out + x if x.shape[-1] == out.shape[-1] else out


class FeedForward(nn.Module):
    """Convolutional feed-forward network with a residual connection."""

    def __init__(self, d: int, inner: int, kernel: int) -> None:
        super().__init__()
        self.w_1 = nn.Conv1d(d, inner, kernel, padding=kernel // 2)
        self.w_2 = nn.Conv1d(inner, d, 1)
        self.layer_norm = nn.LayerNorm(d, eps=EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        """(b, n, d) -> (b, n, d)."""
        return x + self.w_2(F.relu(self.w_1(self.layer_norm(x).transpose(1, 2)))).transpose(1, 2)


class EncoderBlock(nn.Module):
    """Self-attention and feed-forward network."""

    def __init__(self, d_in: int, d: int, heads: int, inner: int) -> None:
        super().__init__()
        self.slf_attn = SelfAttention(d_in, d, heads)
        self.pos_ffn = FeedForward(d, inner, 3)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(b, u, d_in) -> (b, u, d); `mask` (b, u)."""
        x = self.slf_attn(x, mask[:, None, None, :]) * mask[..., None]
        return self.pos_ffn(x) * mask[..., None]


class PositionEncoding(nn.Module):
    """Adds sinusoidal position encodings, from position 1: sines, then cosines."""

    def __init__(self, length: int, d: int) -> None:
        super().__init__()
        angles = np.arange(1, length + 1)[:, None] / 10000 ** (np.arange(d // 2) / (d / 2 - 1))
        table = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
        self.position_enc = nn.Parameter(torch.tensor(table, dtype=torch.float32)[None], requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """(b, n, d) -> (b, n, d)."""
        return x + self.position_enc[:, : x.shape[1]]


class Encoder(nn.Module):
    """Feed-forward transformer over the units."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        d_in, self.d = config["embedding_dim"], config["encoder_num_units"]
        heads, inner = config["encoder_num_heads"], config["encoder_ffn_inner_dim"]
        sizes = [d_in] + [self.d] * (config["encoder_num_layers"] - 1)
        self.fft = nn.ModuleList(EncoderBlock(size, self.d, heads, inner) for size in sizes)
        self.ln = nn.LayerNorm(self.d, eps=EPSILON)
        self.position_enc = PositionEncoding(config["max_len"], d_in)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(b, u, d_in) -> (b, u, d); `mask` (b, u)."""
        x = self.position_enc(x * self.d**0.5)
        for block in self.fft:
            x = block(x, mask)
        return self.ln(x)


class TextEncoder(nn.Module):
    """Sums the embeddings of a unit, encodes and projects them."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        d = config["embedding_dim"]
        self.sy_emb = nn.Embedding(config["sy"], d)
        self.tone_emb = nn.Embedding(config["tone"], d)
        self.syllable_flag_emb = nn.Embedding(config["syllable_flag"], d)
        self.ws_emb = nn.Embedding(config["word_segment"], d)
        self.ling_enc = Encoder(config)
        self.ling_proj = nn.Linear(config["encoder_num_units"], config["encoder_projection_units"], bias=False)

    def forward(self, unit_rows: Tensor, mask: Tensor) -> Tensor:
        """(b, u, 4) -> (b, u, d); `mask` (b, u)."""
        phones, tones, flags, words = unit_rows.unbind(-1)
        x = self.sy_emb(phones) + self.tone_emb(tones) + self.syllable_flag_emb(flags) + self.ws_emb(words)
        return self.ling_proj(self.ling_enc(x, mask))


class FsmnMemory(nn.Module):
    """The memory block of an FSMN layer: a depthwise convolution."""

    def __init__(self, d: int, kernel: int, shift: int) -> None:
        super().__init__()
        self.left, self.right = -(-(kernel - 1) // 2) + shift, (kernel - 1) // 2 - shift
        self.conv_dw = nn.Conv1d(d, d, kernel, groups=d, bias=False)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(b, n, d) -> (b, n, d); `mask` (b, n)."""
        x = x * mask[..., None]
        context = self.conv_dw(F.pad(x, (0, 0, self.left, self.right)).transpose(1, 2)).transpose(1, 2)
        return (context + x) * mask[..., None]


class FsmnProjection(nn.Module):
    """The projection of an FSMN layer."""

    def __init__(self, d_in: int, inner: int, d: int) -> None:
        super().__init__()
        self.w_1 = nn.Conv1d(d_in, inner, 1)
        self.w_2 = nn.Conv1d(inner, d, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(b, n, d_in) -> (b, n, d)."""
        return self.w_2(F.relu(self.w_1(x.transpose(1, 2)))).transpose(1, 2)


class Fsmn(nn.Module):
    """Feed-forward sequential memory network; `name` is the prefix of its parameters in `config`."""

    def __init__(self, d_in: int, config: Config, name: str) -> None:
        super().__init__()
        d, inner, layers = (config[f"{name}_{key}"] for key in ("num_memory_units", "ffn_inner_dim", "fsmn_num_layers"))
        kernel, shift, self.dropout = (config[f"{name}_{key}"] for key in ("filter_size", "shift", "dropout"))
        self.ffn_lst = nn.ModuleList(FsmnProjection(d_in if n == 0 else d, inner, d) for n in range(layers))
        self.memory_block_lst = nn.ModuleList(FsmnMemory(d, kernel, shift) for _ in range(layers))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(b, n, d_in) -> (b, n, d); `mask` (b, n)."""
        x = F.dropout(x, self.dropout, self.training)
        for project, memory in zip(self.ffn_lst, self.memory_block_lst, strict=True):
            out = F.dropout(memory(project(x), mask), self.dropout, self.training)
            x = out + x if out.shape[-1] == x.shape[-1] else out
        return x


class ContourPredictor(nn.Module):
    """Predicts pitch or energy of each unit."""

    def __init__(self, d_in: int, config: Config) -> None:
        super().__init__()
        d, units = config["predictor_num_memory_units"], config["predictor_lstm_units"]
        self.fsmn = Fsmn(d_in, config, "predictor")
        self.blstm = nn.LSTM(d, units, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * units, 1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(b, u, d_in) -> (b, u); `mask` (b, u)."""
        lengths = mask.sum(1).cpu()
        packed = nn.utils.rnn.pack_padded_sequence(self.fsmn(x, mask), lengths, True, enforce_sorted=False)
        out, _ = nn.utils.rnn.pad_packed_sequence(self.blstm(packed)[0], True, total_length=x.shape[1])
        return self.fc(out).squeeze(-1) * mask


class Prenet(nn.Module):
    """Linear layers with ReLU and dropout."""

    def __init__(self, d_in: int, sizes: list[int], d_out: int = 0) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in zip([d_in, *sizes], sizes, strict=False):
            layers += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(0.5)]
        self.fcs = nn.ModuleList([*layers, nn.Linear(sizes[-1], d_out)] if d_out else layers)

    def forward(self, x: Tensor) -> Tensor:
        """(b, n, d_in) -> (b, n, d_out)."""
        for layer in self.fcs:
            x = layer(x)
        return x


class DurationPredictor(nn.Module):
    """Predicts durations autoregressively, from the duration of the previous unit."""

    def __init__(self, d_in: int, config: Config) -> None:
        super().__init__()
        sizes, units = config["dur_pred_prenet_units"], config["dur_pred_lstm_units"]
        self.prenet = Prenet(1, sizes)
        self.lstm = nn.LSTM(sizes[-1] + d_in, units, num_layers=2, batch_first=True)
        self.fc = nn.Linear(units, 1)

    def forward(self, previous: Tensor, condition: Tensor) -> Tensor:
        """`previous` (b, u): log(1 + frames) of the previous unit."""
        out, _ = self.lstm(torch.cat([self.prenet(previous[..., None]), condition], -1))
        return F.relu(self.fc(out).squeeze(-1))


class DurationPositionEncoding(nn.Module):
    """Sinusoidal encoding of the position of a frame in its unit."""

    def __init__(self, d: int) -> None:
        super().__init__()
        scales = 10000 ** (2 * (np.arange(d) // 2) / d)
        self.inv_timescales = nn.Parameter(torch.tensor(scales, dtype=torch.float32), requires_grad=False)

    def forward(self, positions: Tensor) -> Tensor:
        """(b, t) -> (b, t, d)."""
        angles = positions[..., None] / self.inv_timescales
        return torch.stack([angles[..., 0::2].sin(), angles[..., 1::2].cos()], -1).flatten(-2)


class VarianceAdaptor(nn.Module):
    """Predicts pitch, energy and durations, and embeds pitch and energy."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        d = config["encoder_projection_units"]
        d_in = d + config["emotion_units"] + config["speaker_units"]
        self.pitch_predictor = ContourPredictor(d_in, config)
        self.energy_predictor = ContourPredictor(d_in, config)
        self.duration_predictor = DurationPredictor(d_in, config)
        self.dur_position_encoder = DurationPositionEncoding(d)
        self.pitch_emb = nn.Conv1d(1, d, 9, padding=4)
        self.energy_emb = nn.Conv1d(1, d, 9, padding=4)

    def add_contours(self, text: Tensor, pitch: Tensor, energy: Tensor) -> Tensor:
        """Adds the embeddings of pitch and energy, both (b, u), to the text (b, u, d)."""
        return text + (self.pitch_emb(pitch[:, None]) + self.energy_emb(energy[:, None])).transpose(1, 2)


class PncaAttention(nn.Module):
    """PNCA: one query attends to previous decoder steps and, separately, to the following steps of the memory."""

    def __init__(self, d: int, d_memory: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.layer_norm = nn.LayerNorm(d, eps=EPSILON)
        self.w_x_qkv, self.fc_x = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.w_h_kv, self.fc_h = nn.Linear(d_memory, 2 * d), nn.Linear(d, d)

    def forward(self, x: Tensor, memory: Tensor, back: Tensor, ahead: Tensor) -> Tensor:
        """(b, s, d) -> (b, s, d); `back` (s, s) and `ahead` (b, 1, s, s) are masks of (query, key)."""
        query, key, value = (split_heads(part, self.heads) for part in self.w_x_qkv(self.layer_norm(x)).chunk(3, -1))
        past = merge_heads(F.scaled_dot_product_attention(query, key, value, attn_mask=back))
        key, value = (split_heads(part, self.heads) for part in self.w_h_kv(memory).chunk(2, -1))
        following = merge_heads(F.scaled_dot_product_attention(query, key, value, attn_mask=ahead))
        return x + self.fc_x(past) + self.fc_h(following)


class DecoderBlock(nn.Module):
    """Attention and feed-forward network."""

    def __init__(self, d: int, d_memory: int, heads: int, inner: int) -> None:
        super().__init__()
        self.pnca_attn = PncaAttention(d, d_memory, heads)
        self.pos_ffn = FeedForward(d, inner, 1)

    def forward(self, x: Tensor, memory: Tensor, back: Tensor, ahead: Tensor) -> Tensor:
        """(b, s, d) -> (b, s, d); masks as in `PncaAttention`."""
        return self.pos_ffn(self.pnca_attn(x, memory, back, ahead))


class Decoder(nn.Module):
    """Predicts r frames per step from the memory and the last frame of the previous step."""

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

    def forward(self, previous: Tensor, memory: Tensor, mask: Tensor, band: int) -> Tensor:
        """(b, s, ...) -> (b, s, r x mels).

        `previous` (b, s, mels) is the last frame of the previous step, `mask` (b, s) is False for padding, `band` the
        width of the attention in steps, to either side.
        """
        x = self.dec_in_proj(torch.cat([memory, self.prenet(previous)], -1)) * self.d**0.5
        steps = torch.arange(x.shape[1], device=x.device)
        distance = steps[None, :] - steps[:, None]  # (query, key)
        back = (distance <= 0) & (distance >= -band)
        ahead = (distance >= 0) & (distance <= band) & (mask[:, None, None, :] | (distance == 0))
        for block in self.pnca:
            x = block(x, memory, back, ahead)
        return self.dec_out_proj(self.ln(x))


class MelDecoder(nn.Module):
    """The decoder under KAN-TTS's tensor names."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        folded = config["encoder_projection_units"] * config["outputs_per_step"]
        self.mel_dec = Decoder(config, folded + config["emotion_units"] + config["speaker_units"])


class PostNet(nn.Module):
    """Predicts a correction of the decoded frames."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        d, units = config["postnet_num_memory_units"], config["postnet_lstm_units"]
        self.fsmn = Fsmn(config["num_mels"], config, "postnet")
        self.lstm = nn.LSTM(d, units, batch_first=True)
        self.fc = nn.Linear(units, config["num_mels"])

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(b, t, mels) -> (b, t, mels); `mask` (b, t)."""
        return self.fc(self.lstm(self.fsmn(x, mask))[0])


class Sambert(nn.Module):
    """The acoustic model.

    `config` holds KAN-TTS's `params` and the table sizes: sy, tone, syllable_flag, word_segment, emotion, speaker.
    """

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
        """Runs with teacher forcing, as KAN-TTS does: pitch, energy, durations, previous frames come from the batch."""
        text = self.text_encoder(batch.unit_rows, batch.unit_mask)
        emotion, speaker = self.emo_tokenizer(batch.emotions), self.spk_tokenizer(batch.speakers)
        adaptor = self.variance_adaptor
        style = torch.cat([text, speaker, emotion], -1)
        pitch = adaptor.pitch_predictor(style, batch.unit_mask)
        energy = adaptor.energy_predictor(style, batch.unit_mask)
        text = adaptor.add_contours(text, batch.pitch, batch.energy)
        previous_durations = F.pad(torch.log1p(batch.durations.float())[:, :-1], (1, 0))
        log_durations = adaptor.duration_predictor(previous_durations, torch.cat([text, speaker, emotion], -1))

        memory = self._memory(text, speaker, emotion, batch)
        previous_frames = F.pad(batch.mel[:, self.r - 1 :: self.r], (0, 0, 1, 0))[:, :-1]
        band = int(float(batch.durations.max()) / self.r + 0.5)
        decoded = self.mel_decoder.mel_dec(previous_frames, memory, batch.frame_units[:, :: self.r] >= 0, band)
        decoded = decoded.view(len(decoded), -1, batch.mel.shape[-1])
        mask = batch.frame_units >= 0
        return Prediction(log_durations, pitch, energy, decoded, decoded + self.mel_postnet(decoded, mask))

    def _memory(self, text: Tensor, speaker: Tensor, emotion: Tensor, batch: Batch) -> Tensor:
        """Expands units to frames: (b, s, r x text + speaker + emotion)."""
        mask = (batch.frame_units >= 0)[..., None]
        index = batch.frame_units.clamp(min=0)[..., None]
        units = torch.cat([text, speaker, emotion], -1)
        frames = torch.gather(units, 1, index.expand(-1, -1, units.shape[-1])) * mask
        text, style = frames[..., : text.shape[-1]], frames[..., text.shape[-1] :]
        text = text + self.variance_adaptor.dur_position_encoder(batch.frame_positions)
        return torch.cat([text.reshape(len(text), -1, self.r * text.shape[-1]), style[:, :: self.r]], -1)


def split_heads(x: Tensor, heads: int) -> Tensor:
    """(b, n, d) -> (b, heads, n, d / heads)."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def merge_heads(x: Tensor) -> Tensor:
    """(b, heads, n, d / heads) -> (b, n, d)."""
    return x.transpose(1, 2).flatten(-2)
