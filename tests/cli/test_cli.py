"""The command line as a person uses it: files appear whole, mistakes are one line, exit codes tell."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from server.cli import main
from tests.conftest import EMBEDDED, GOLDEN

MODELS = ["--models", str(EMBEDDED.parent)]
Shown = pytest.CaptureFixture[str]


def test_speak_writes_a_wav_that_any_reader_opens(tmp_path: Path) -> None:
    output = tmp_path / "hello.wav"
    assert main(["speak", "你好，世界。", "-o", str(output), *MODELS]) == 0
    samples, rate = soundfile.read(output)
    assert rate == 16000
    assert 0.8 < len(samples) / rate < 4
    assert 0.05 < np.abs(samples).max() <= 1
    assert list(tmp_path.iterdir()) == [output]


def test_speak_takes_its_format_from_the_name_or_the_option(tmp_path: Path) -> None:
    raw, whole = tmp_path / "hello.pcm", tmp_path / "hello.wav"
    for output in (raw, whole):
        assert main(["speak", "你好。", "-o", str(output), *MODELS]) == 0
    assert whole.read_bytes()[44:] == raw.read_bytes()
    assert main(["speak", "你好。", "-o", str(whole), "--format", "pcm", *MODELS]) == 0
    assert whole.read_bytes() == raw.read_bytes()


def test_speak_streams_to_standard_output() -> None:
    command = [sys.executable, "-m", "server", "speak", "你好。", "-o", "-", *MODELS]
    done = subprocess.run(command, capture_output=True, check=True, cwd=EMBEDDED.parents[1])
    assert done.stdout[:4] == b"RIFF"
    assert len(done.stdout) > 16000


def test_options_of_style_are_heard(tmp_path: Path) -> None:
    sizes = []
    for speed in ("1", "2"):
        output = tmp_path / f"{speed}.wav"
        assert main(["speak", "今天天气很好。", "-o", str(output), "--speed", speed, "--volume", "0.5", *MODELS]) == 0
        sizes.append(output.stat().st_size)
    assert sizes[0] > 1.8 * sizes[1]


MISTAKES = {
    "an unknown voice": (["speak", "你好", "--voice", "nobody"], "unknown voice 'nobody'; valid: demo"),
    "an unknown speaker": (["speak", "你好", "--speaker", "nobody"], "unknown speaker 'nobody'; valid: male, female"),
    "an unknown emotion": (["speak", "你好", "--emotion", "hungry"], "unknown emotion 'hungry'; valid: none, neutral"),
    "a speed of zero": (["speak", "你好", "--speed", "0"], "speed is 0.0; valid: 0.25 to 4"),
    "a speed that is no number": (["speak", "你好", "--speed", "nan"], "speed is nan; valid: 0.25 to 4"),
    "a text without a sound": (["speak", "🎉"], "nothing to speak"),
    "an empty text": (["speak", ""], "nothing to speak"),
    "no text": (["speak"], "give either a text or --symbols FILE"),
    "symbols without a place for traces": (["speak", "--symbols", "x"], "belong together"),
    "a folder that is not there": (["speak", "你好", "-o", "/nowhere/x.wav"], "cannot write /nowhere/x.wav"),
    "a missing configuration": (["voices", "--config", "missing.yaml"], "missing.yaml does not exist"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_one_line_in_words(case: str, capsys: Shown) -> None:
    arguments, message = MISTAKES[case]
    assert main([*arguments, *MODELS]) == 1
    shown = capsys.readouterr().err
    assert message in shown
    assert "Traceback" not in shown


def test_a_missing_models_folder_is_named(tmp_path: Path, capsys: Shown) -> None:
    assert main(["speak", "你好", "--models", str(tmp_path / "nowhere")]) == 1
    assert "nowhere does not exist" in capsys.readouterr().err


def test_traces_hold_what_was_computed(voices: Path, tmp_path: Path) -> None:
    package = GOLDEN / "nsf_24k"
    arguments = ["--symbols", str(package / "symbols.txt"), "--trace", str(tmp_path), "--source-noise", "0"]
    options = ["--voice", "nsf_24k", "--chunk", "7", "--models", str(voices)]
    assert main(["speak", *arguments, *options]) == 0
    expected = np.load(package / "expected.npz")
    for index, name in enumerate(("0_0", "1_0")):
        trace = np.load(tmp_path / f"{name}.npz")
        np.testing.assert_array_equal(trace["duration"], expected[f"u{index}_duration"])
        np.testing.assert_allclose(trace["mel"], expected[f"u{index}_mel"], atol=5e-4)
        np.testing.assert_allclose(trace["audio"], expected[f"u{index}_audio"], atol=1e-3)
        assert trace["audio"].dtype == np.float32
        assert soundfile.info(tmp_path / f"{name}.wav").frames == len(trace["audio"])


def test_symbols_with_a_mistake_name_the_unit(voices: Path, tmp_path: Path, capsys: Shown) -> None:
    symbols = tmp_path / "symbols.txt"
    symbols.write_text("a\t{zz_c$tone1$s_both$word_both$emotion_neutral$F7}\n")
    arguments = ["--symbols", str(symbols), "--trace", str(tmp_path / "out"), "--models", str(voices)]
    assert main(["speak", "--voice", "nsf_24k", *arguments]) == 1
    assert "unknown phone 'zz_c'" in capsys.readouterr().err


def test_text_shows_a_reading_as_json(capsys: Shown) -> None:
    assert main(["text", "北京今天天气怎么样", "--json", *MODELS]) == 0
    reading = json.loads(capsys.readouterr().out)
    assert reading["pinyin"] == ["bei3", "jing1", "jin1", "tian1", "tian1", "qi4", "zen3", "me5", "yang4"]
    assert reading["symbols"].startswith("{b_c$tone3$s_begin$word_begin$emotion_neutral$male}")
    assert reading["symbols"].endswith("{#4$tone_none$s_none$word_none$emotion_none$male}")
    assert reading["warnings"] == []


def test_text_counts_the_syllables_before_each_break_and_shows_tones_before_and_after_sandhi(capsys: Shown) -> None:
    assert main(["text", "你好，重庆。老虎！", "--json", *MODELS]) == 0
    reading = json.loads(capsys.readouterr().out)
    assert reading["lexical_pinyin"] == ["ni3", "hao3", "chong2", "qing4", "lao3", "hu3"]
    assert reading["pinyin"] == ["ni2", "hao3", "chong2", "qing4", "lao2", "hu3"]
    assert reading["prosody"] == {"2": 3, "4": 4, "6": 4}
    assert len(reading["places"]) == len(reading["symbols"].split())
    assert reading["places"][0] == [0, 1]
    assert reading["places"][-1] == [8, 8]


def test_text_shows_a_person_a_table_whose_columns_stand_below_each_other(capsys: Shown) -> None:
    assert main(["text", "老虎在25℃。", *MODELS]) == 0
    normalized, head, *rows = capsys.readouterr().out.splitlines()
    assert normalized == "老虎在二十五摄氏度。"
    assert head.split() == ["written", "read", "pinyin", "in", "the", "dictionary", "units"]
    columns = [sum(1 + (char > "⺀") for char in row[: row.index(row.split()[2])]) for row in rows]
    assert set(columns) == {head.index("pinyin")}
    assert rows[0].split()[:10] == ["老虎", "老虎", "lao2", "hu3", "lao3", "hu3", "l_c", "ao_c", "h_c", "u_c"]


def test_a_word_of_the_lexicon_is_read_as_it_says(tmp_path: Path, capsys: Shown) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("text:\n  lexicon: {北京: bei4 jing4}\n")
    assert main(["text", "北京", "--json", "--config", str(config), *MODELS]) == 0
    assert json.loads(capsys.readouterr().out)["pinyin"] == ["bei4", "jing4"]
    config.write_text("text:\n  lexicon: {北京: bei4 jing9}\n")
    assert main(["speak", "北京", "--config", str(config), *MODELS]) == 1
    assert f"{config}, line 2: lexicon entry '北京': 'jing9'" in capsys.readouterr().err


def test_text_reads_a_line_at_a_time_and_survives_the_bad_ones(monkeypatch: pytest.MonkeyPatch, capsys: Shown) -> None:
    lines = "你好\n\n🎉\n共3个\n".encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    assert main(["text", "--stdin", *MODELS]) == 0
    readings = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [bool(reading["pinyin"]) for reading in readings] == [True, False, False, True]
    assert "nothing to speak" in readings[2]["error"]
    assert readings[3]["pinyin"] == ["gong4", "san1", "ge5"]


def test_text_understands_ssml_and_marks(capsys: Shown) -> None:
    assert main(["text", "<speak>去<phoneme ph='chong2 qing4'>重庆</phoneme></speak>", "--json", *MODELS]) == 0
    assert json.loads(capsys.readouterr().out)["pinyin"] == ["qu4", "chong2", "qing4"]
    assert main(["text", "银行[xing2]", "--json", *MODELS]) == 0
    assert json.loads(capsys.readouterr().out)["pinyin"] == ["yin2", "xing2"]
    assert main(["text", "<speak>好</p></speak>", *MODELS]) == 1
    assert "line 1, column 9: " in capsys.readouterr().err


def test_voices_lists_who_speaks_and_what_is_broken(tmp_path: Path, capsys: Shown) -> None:
    shutil.copytree(EMBEDDED, tmp_path / "demo")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "voice.yaml").write_text("format: 1")
    assert main(["voices", "--models", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "demo: PinYin, 16000 Hz, NSF" in shown
    assert "broken: broken: " in shown


def test_doctor_passes_with_a_working_voice_and_fails_without(tmp_path: Path, capsys: Shown) -> None:
    assert main(["doctor", *MODELS]) == 0
    shown = capsys.readouterr().out
    for part in ("onnxruntime", "available CPUs", "runs on", "demo: speaks", "ready to serve"):
        assert part in shown
    assert main(["doctor", "--models", str(tmp_path)]) == 1
    shown = capsys.readouterr().out
    assert "not known: no voice has run" in shown
    assert "cannot serve: there is no voice in" in shown


@pytest.mark.parametrize("command", ["speak", "text"])
def test_without_a_voice_the_way_to_one_is_named(command: str, tmp_path: Path, capsys: Shown) -> None:
    assert main([command, "你好", "--models", str(tmp_path)]) == 1
    assert "convert one with `python -m convert`" in capsys.readouterr().err
