"""Runs the whole recipe for a few steps: `python -m training.voice.smoke FOLDER`. The voice is not intelligible.

The recordings of the human speaker are synthesized with a third espeak-ng voice, so no network is needed.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import soundfile

from training.voice.corpus.espeak import Espeak, VoiceSettings
from training.voice.corpus.recording import syllable_ssml
from training.voice.corpus.speakers import EMOTIONS, MANDARIN_PITCH, MANDARIN_PITCH_RANGE
from training.voice.recordings.readings import read_word

SENTENCE = "你好，今天天气怎么样？"
WORDS = (
    "你好", "今天", "天气", "怎么", "老师", "学生", "朋友", "工作", "时间", "地方", "东西", "孩子", "中国", "北京",
    "上海", "人民", "生活", "问题", "国家", "社会", "发展", "经济", "文化", "历史", "音乐", "电影", "吃饭", "喝水",
    "睡觉", "起床", "房子", "衣服", "颜色", "红色", "绿色", "月亮", "太阳", "星期", "吗", "吧", "的", "大", "小",
)  # fmt: skip
WORD_SPEAKER = "pitch 150 260\nformant 0 108 100 100\nformant 1 108 100 100\nformant 2 108 100 100"
"""The espeak-ng variant that reads the words."""


def main() -> None:
    """Runs every step, from the corpus to speech of the published voice."""
    parser = argparse.ArgumentParser(prog="python -m training.voice.smoke", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    corpus, acoustic, vocoder, recognizer = (folder / part for part in ("corpus", "acoustic", "vocoder", "recognizer"))
    recipe, emotions = "training.voice", ",".join(EMOTIONS)
    voice, report, models = folder / "float32" / "demo", folder / "report", folder / "models"
    run_module(f"{recipe}.corpus", corpus, "--utterances", 24, "--held-out-every", 2)
    words, mels, phonetic = folder / "recordings", folder / "mels", folder / "phonetic"
    record_words(words)
    options = ("--recordings", words, "--held-out", 4, "--sentences", 10, "--held-out-every", 10)
    run_module(f"{recipe}.recordings", corpus, *options, "--processes", 1)
    run_module(f"{recipe}.train.recognizer", corpus, phonetic, "--steps", 2, "--seed", 31)
    heard = ("--phonetic-loss", phonetic)
    run_module(f"{recipe}.train.acoustic", corpus, acoustic, "--steps", 2, "--save-every", 1, *heard)
    run_module(f"{recipe}.train.predicted_mels", corpus, acoustic, mels)
    adversarial = ("--adversarial-from", 1, "--predicted-mels", mels)
    run_module(f"{recipe}.train.vocoder", corpus, vocoder, "--steps", 2, "--bfloat16", *adversarial, *heard)
    run_module(f"{recipe}.train.recognizer", corpus, recognizer, "--steps", 2, "--bfloat16", "--start-from", phonetic)
    speakers = ("--speakers", "natural,female,male")
    run_module(f"{recipe}.publish.package", corpus, acoustic, vocoder, folder / "package", *speakers)
    run_module("convert", folder / "package", "--output", voice.parent, "--precision", "fp32", "--emotions", emotions)
    run_module(f"{recipe}.evaluate", corpus, voice, recognizer, report, "--recordings", 1, "--sentences", 1)
    run_module(f"{recipe}.publish", voice, report, models / "demo")
    run_module(f"{recipe}.publish", voice, report, models / "demo-small", "--storage", "int8")
    run_module("server", "speak", SENTENCE, "--models", models, "-o", folder / "speech.wav")


def record_words(folder: Path) -> None:
    """Writes files as a speaker of single words would record them: cmn-你好.wav."""
    folder.mkdir(parents=True, exist_ok=True)
    espeak = Espeak({"reader": WORD_SPEAKER})
    settings = VoiceSettings("cmn-latn-pinyin+reader", 120, MANDARIN_PITCH, MANDARIN_PITCH_RANGE)
    for word in WORDS:
        text = " ".join(map(syllable_ssml, read_word(word) or ()))
        speech = espeak.synthesize(f"<speak>{text}</speak>", settings)
        margin = np.zeros(speech.sample_rate // 4, np.float32)
        noise = np.random.default_rng(0).normal(0, 1e-3, len(speech.samples) + 2 * len(margin))
        samples = np.concatenate([margin, speech.samples, margin]) + noise
        soundfile.write(folder / f"cmn-{word}.wav", samples, speech.sample_rate)


def run_module(module: str, *arguments: object) -> None:
    """Runs a step of a recipe, and shows how long it took. Raises `CalledProcessError`."""
    since = time.monotonic()
    print(f"== python -m {module} {' '.join(map(str, arguments))}", flush=True)
    subprocess.run([sys.executable, "-m", module, *map(str, arguments)], check=True)  # noqa: S603
    print(f"== {time.monotonic() - since:.0f} s", flush=True)


if __name__ == "__main__":
    main()
