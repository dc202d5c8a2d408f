"""Configurations of the models and of the audio, with the keys of KAN-TTS's configuration files."""

from typing import Any

from training.voice.corpus.speakers import HARMONICS

SAMBERT_CONFIG: dict[str, Any] = {
    "max_len": 800, "embedding_dim": 128,
    "encoder_num_layers": 4, "encoder_num_heads": 4, "encoder_num_units": 128, "encoder_ffn_inner_dim": 256,
    "encoder_dropout": 0.0, "encoder_attention_dropout": 0.0, "encoder_relu_dropout": 0.0,
    "encoder_projection_units": 32, "speaker_units": 16, "emotion_units": 16,
    "predictor_filter_size": 11, "predictor_fsmn_num_layers": 2, "predictor_num_memory_units": 64,
    "predictor_ffn_inner_dim": 128, "predictor_dropout": 0.1, "predictor_shift": 0, "predictor_lstm_units": 48,
    "dur_pred_prenet_units": [64, 64], "dur_pred_lstm_units": 64,
    "decoder_prenet_units": [128, 128], "decoder_num_layers": 4, "decoder_num_heads": 4, "decoder_num_units": 128,
    "decoder_ffn_inner_dim": 384, "decoder_dropout": 0.0, "decoder_attention_dropout": 0.0,
    "decoder_relu_dropout": 0.0, "outputs_per_step": 3, "num_mels": 82,
    "postnet_filter_size": 21, "postnet_fsmn_num_layers": 2, "postnet_num_memory_units": 128,
    "postnet_ffn_inner_dim": 256, "postnet_dropout": 0.0, "postnet_shift": 8, "postnet_lstm_units": 96,
    "MAS": False, "NSF": True,
}  # fmt: skip

HIFIGAN_CONFIG: dict[str, Any] = {
    "in_channels": 80, "out_channels": 1, "channels": 128, "kernel_size": 7,
    "upsample_scales": [10, 5, 2, 2], "upsample_kernal_sizes": [20, 11, 4, 4],
    "resblock_kernel_sizes": [3, 7], "resblock_dilations": [[1, 3, 5], [1, 3, 5]],
    "bias": True, "causal": False, "nonlinear_activation": "LeakyReLU",
    "nonlinear_activation_params": {"negative_slope": 0.1}, "use_weight_norm": True,
    "nsf_params": {"nb_harmonics": HARMONICS - 1, "sampling_rate": 16000},
}  # fmt: skip

AUDIO_CONFIG: dict[str, Any] = {
    "wav_normalize": False, "trim_silence": False, "trim_silence_threshold_db": 60, "preemphasize": False,
    "sampling_rate": 16000, "hop_length": 200, "win_length": 1000, "n_fft": 2048, "n_mels": 80, "fmin": 0.0,
    "fmax": 8000.0, "phone_level_feature": True, "norm_type": "mean_std", "max_norm": 1.0, "symmetric": False,
    "min_level_db": -100.0, "ref_level_db": 20, "num_workers": 1,
}  # fmt: skip
