"""The command line: output files, one-line error messages, exit codes, plain and terminal output."""

import io
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from server.audio.encoders import ENCODERS
from server.audio.pcm import PcmEncoder
from server.cli import COMMANDS, main
from server.types import STYLE_LIMITS, Audio
from server.voices.voice import Voice
from tests.conftest import EMBEDDED, GOLDEN

MODELS = ["--models", str(EMBEDDED.parent)]
Captured = pytest.CaptureFixture[str]


def test_speak_writes_a_wav_file_that_libsndfile_reads(tmp_path: Path) -> None:
    output = tmp_path / "hello.wav"
    assert main(["speak", "你好，世界。", "-o", str(output), *MODELS]) == 0
    samples, rate = soundfile.read(output)
    assert rate == 16000
    assert 0.8 < len(samples) / rate < 4
    assert 0.05 < np.abs(samples).max() <= 1
    assert list(tmp_path.iterdir()) == [output]


def test_the_format_follows_the_suffix_of_the_output_or_the_option(tmp_path: Path) -> None:
    raw, complete = tmp_path / "hello.pcm", tmp_path / "hello.wav"
    for output in (raw, complete):
        assert main(["speak", "你好。", "-o", str(output), "--seed", "1", *MODELS]) == 0
    assert complete.read_bytes()[44:] == raw.read_bytes()
    assert main(["speak", "你好。", "-o", str(complete), "--format", "pcm", "--seed", "1", *MODELS]) == 0
    assert complete.read_bytes() == raw.read_bytes()


@pytest.mark.parametrize("suffix", [*ENCODERS, "ogg", "MP3"])
def test_speak_writes_every_format_at_another_sampling_rate(suffix: str, tmp_path: Path) -> None:
    output, plain = tmp_path / f"hello.{suffix}", tmp_path / "hello.wav"
    assert main(["speak", "你好。", "-o", str(plain), *MODELS]) == 0
    assert main(["speak", "你好。", "-o", str(output), "--sample-rate", "24000", *MODELS]) == 0
    seconds = soundfile.info(plain).duration
    if suffix == "pcm":
        assert output.stat().st_size == 2 * round(24000 * seconds)
        return
    with av.open(str(output)) as container:
        frames = list(container.decode(audio=0))
    rate = frames[0].sample_rate
    assert rate == (48000 if suffix in ("opus", "ogg", "webm") else 24000)
    excess = sum(frame.samples for frame in frames) - round(seconds * rate)
    assert 0 <= excess <= {"mp3": 47, "aac": 2047}.get(suffix.lower(), 2)


def test_speak_streams_a_compressed_format_with_a_bit_rate(tmp_path: Path, capsysbinary) -> None:
    sizes = []
    for bit_rate in ("16000", "64000"):
        arguments = ["-o", "-", "--format", "mp3", "--bit-rate", bit_rate]
        assert main(["speak", "你好。", *arguments, *MODELS]) == 0
        sizes.append(len(capsysbinary.readouterr().out))
    assert sizes[1] > 3 * sizes[0]


@pytest.mark.parametrize(
    ("suffix", "written"),
    [(".json", '"text": "25"'), (".srt", "今天25℃"), (".vtt", ">25<"), (".TextGrid", 'text = "℃"')],
)
def test_speak_writes_the_times_in_the_format_of_the_suffix(suffix: str, written: str, tmp_path: Path) -> None:
    times = tmp_path / f"times{suffix}"
    output = str(tmp_path / "a.flac")
    assert main(["speak", "今天25℃。\ud800", "-o", output, "--timestamps", str(times), *MODELS]) == 0
    assert written in times.read_text(encoding="utf-8")
    if suffix == ".json":
        assert json.loads(times.read_text(encoding="utf-8"))["duration"] == soundfile.info(output).duration


@pytest.mark.parametrize(("audible", "seconds"), [("none", 0), ("rhythm", 1.4), ("notice", 3)])
def test_speak_labels_its_output_as_configured(audible: str, seconds: float, tmp_path: Path) -> None:
    config, plain, output = tmp_path / "config.yaml", tmp_path / "plain.flac", tmp_path / "labeled.flac"
    config.write_text(f"label: {{enabled: true, producer: P, audible: {audible}, position: start}}", encoding="utf-8")
    assert main(["speak", "你好。", "-o", str(plain), *MODELS]) == 0
    assert main(["speak", "你好。", "-o", str(output), *MODELS, "--config", str(config)]) == 0
    longer = soundfile.info(output).duration - soundfile.info(plain).duration
    assert seconds - 0.01 < longer < seconds + 1
    with av.open(str(output)) as container:
        assert json.loads(container.metadata["AIGC"])["ContentProducer"] == "P"
    with av.open(str(plain)) as container:
        assert "AIGC" not in container.metadata


def test_speak_streams_to_standard_output() -> None:
    command = [sys.executable, "-m", "server", "speak", "你好。", "-o", "-", *MODELS]
    result = subprocess.run(command, capture_output=True, check=True, cwd=EMBEDDED.parents[1])
    assert result.stdout[:4] == b"RIFF"
    assert len(result.stdout) > 16000


def test_the_style_options_change_the_audio(tmp_path: Path) -> None:
    sizes = []
    for speed in ("1", "2"):
        output = tmp_path / f"{speed}.wav"
        assert main(["speak", "今天天气很好。", "-o", str(output), "--speed", speed, "--volume", "0.5", *MODELS]) == 0
        sizes.append(output.stat().st_size)
    assert sizes[0] > 1.8 * sizes[1]


EMOTIONS = ", ".join(Voice(EMBEDDED).emotions)
ERRORS = {
    "an unknown voice": (["speak", "你好", "--voice", "absent"], "unknown voice 'absent'; valid: demo"),
    "an unknown speaker": (
        ["speak", "你好", "--speaker", "absent"],
        "unknown speaker 'absent'; valid: natural, male, female",
    ),
    "an unknown emotion": (["speak", "你好", "--emotion", "hungry"], f"unknown emotion 'hungry'; valid: {EMOTIONS}"),
    "a speed of zero": (["speak", "你好", "--speed", "0"], "speed is 0.0; valid: 0.25 to 4"),
    "a speed that is not a number": (["speak", "你好", "--speed", "nan"], "speed is nan; valid: 0.25 to 4"),
    "an unknown sampling rate": (["speak", "你好", "--sample-rate", "44000"], "valid: 8000, 11025, 12000, 16000"),
    "a bit rate that the format does not have": (
        ["speak", "你好", "-o", "x.mp3", "--bit-rate", "65000"],
        "bit_rate is 65000; valid for mp3: 8000, 16000, 24000",
    ),
    "a bit rate for a format without": (
        ["speak", "你好", "--bit-rate", "64000"],
        "use one of these formats: mp3, opus",
    ),
    "a text with nothing to speak": (["speak", "🎉"], "nothing to speak"),
    "an empty text": (["speak", ""], "nothing to speak"),
    "no text": (["speak"], "give either a text or --symbols FILE"),
    "symbols without a folder for traces": (["speak", "--symbols", "x"], "belong together"),
    "an unknown format of times": (
        ["speak", "你好", "--timestamps", "x.ass"],
        "'x.ass' names no format of times; valid suffixes: .json, .srt, .vtt, .TextGrid",
    ),
    "a missing output folder": (["speak", "你好", "-o", "/nowhere/x.wav"], "cannot write /nowhere/x.wav"),
    "a missing configuration": (["voices", "--config", "missing.yaml"], "missing.yaml does not exist"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_an_error_is_one_line_without_a_traceback(case: str, capsys: Captured) -> None:
    arguments, message = ERRORS[case]
    assert main([*arguments, *MODELS]) == 1
    shown = capsys.readouterr().err
    assert message in shown
    assert "Traceback" not in shown


def test_no_times_are_written_without_their_audio(tmp_path: Path) -> None:
    times = tmp_path / "times.srt"
    assert main(["speak", "你好", "-o", str(tmp_path / "absent" / "a.wav"), "--timestamps", str(times), *MODELS]) == 1
    assert not times.exists()


def test_times_beside_a_stream_to_standard_output(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    times = tmp_path / "times.json"
    command = ["speak", "你好", "-o", "-", "--format", "pcm", "--timestamps", str(times), *MODELS]
    assert main(command) == 0
    duration = json.loads(times.read_text(encoding="utf-8"))["duration"]
    assert len(capfdbinary.readouterr().out) == 2 * round(duration * 16000)


def test_standard_input_that_is_no_text_is_an_error(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff"), encoding="utf-8"))
    assert main(["speak", "-", *MODELS]) == 1
    assert capsys.readouterr().err.startswith("error: standard input is not text in utf-8: ")


def test_the_error_for_a_missing_models_folder_names_it(tmp_path: Path, capsys: Captured) -> None:
    assert main(["speak", "你好", "--models", str(tmp_path / "nowhere")]) == 1
    assert "nowhere does not exist" in capsys.readouterr().err


def test_traces_contain_the_intermediate_results(voices: Path, tmp_path: Path) -> None:
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


def test_the_error_for_an_unknown_symbol_names_it(voices: Path, tmp_path: Path, capsys: Captured) -> None:
    symbols = tmp_path / "symbols.txt"
    symbols.write_text("a\t{zz_c$tone1$s_both$word_both$emotion_neutral$F7}\n")
    arguments = ["--symbols", str(symbols), "--trace", str(tmp_path / "out"), "--models", str(voices)]
    assert main(["speak", "--voice", "nsf_24k", *arguments]) == 1
    assert "unknown phone 'zz_c'" in capsys.readouterr().err


def test_text_prints_json(capsys: Captured) -> None:
    assert main(["text", "北京今天天气怎么样", "--json", *MODELS]) == 0
    reading = json.loads(capsys.readouterr().out)
    assert reading["pinyin"] == ["bei3", "jing1", "jin1", "tian1", "tian1", "qi4", "zen3", "me5", "yang4"]
    assert reading["symbols"].startswith("{b_c$tone3$s_begin$word_begin$emotion_neutral$natural}")
    assert reading["symbols"].endswith("{#4$tone_none$s_none$word_none$emotion_none$natural}")
    assert reading["warnings"] == []


def test_text_counts_the_syllables_before_each_break_and_prints_tones_before_and_after_sandhi(capsys: Captured) -> None:
    assert main(["text", "你好，重庆。老虎！", "--json", *MODELS]) == 0
    reading = json.loads(capsys.readouterr().out)
    assert reading["lexical_pinyin"] == ["ni3", "hao3", "chong2", "qing4", "lao3", "hu3"]
    assert reading["pinyin"] == ["ni2", "hao3", "chong2", "qing4", "lao2", "hu3"]
    assert reading["prosody"] == {"2": 3, "4": 4, "6": 4}
    assert len(reading["places"]) == len(reading["symbols"].split())
    assert reading["places"][0] == [0, 1]
    assert reading["places"][-1] == [8, 8]


def test_text_prints_a_table_with_aligned_columns(capsys: Captured) -> None:
    assert main(["text", "老虎在25℃。", *MODELS]) == 0
    normalized, head, *rows = capsys.readouterr().out.splitlines()
    assert normalized == "老虎在二十五摄氏度。"
    assert head.split() == ["written", "read", "pinyin", "in", "the", "dictionary", "units"]
    columns = [sum(1 + (char > "⺀") for char in row[: row.index(row.split()[2])]) for row in rows]
    assert set(columns) == {head.index("pinyin")}
    assert rows[0].split()[:10] == ["老虎", "老虎", "lao2", "hu3", "lao3", "hu3", "l_c", "ao_c", "h_c", "u_c"]


def test_an_entry_of_the_lexicon_overrides_the_dictionaries(tmp_path: Path, capsys: Captured) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("text:\n  lexicon: {北京: bei4 jing4}\n")
    assert main(["text", "北京", "--json", "--config", str(config), *MODELS]) == 0
    assert json.loads(capsys.readouterr().out)["pinyin"] == ["bei4", "jing4"]
    config.write_text("text:\n  lexicon: {北京: bei4 jing9}\n")
    assert main(["speak", "北京", "--config", str(config), *MODELS]) == 1
    assert f"{config}, line 2: lexicon entry '北京': 'jing9'" in capsys.readouterr().err


def test_text_reads_standard_input_line_by_line_and_continues_after_errors(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    lines = "你好\n\n🎉\n共3个\n".encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    assert main(["text", "--stdin", *MODELS]) == 0
    readings = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [bool(reading["pinyin"]) for reading in readings] == [True, False, False, True]
    assert "nothing to speak" in readings[2]["error"]
    assert readings[3]["pinyin"] == ["gong4", "san1", "ge5"]


def test_text_reads_ssml_and_inline_marks(capsys: Captured) -> None:
    assert main(["text", "<speak>去<phoneme ph='chong2 qing4'>重庆</phoneme></speak>", "--json", *MODELS]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["pinyin"] == ["qu4", "chong2", "qing4"]
    syllables = [syllable for word in printed["sentences"][0]["words"] for syllable in word["syllables"]]
    assert [(each["text"], each["pinyin"]) for each in syllables] == [("去", "qu4"), ("重", "chong2"), ("庆", "qing4")]
    assert main(["text", "银行[xing2]", "--json", *MODELS]) == 0
    assert json.loads(capsys.readouterr().out)["pinyin"] == ["yin2", "xing2"]
    assert main(["text", "<speak>好</p></speak>", *MODELS]) == 1
    assert "line 1, column 9: " in capsys.readouterr().err


@pytest.mark.parametrize("command", ["speak", "text"])
def test_ssml_with_an_untrained_emotion_is_refused_with_the_valid_ones(command: str, capsys: Captured) -> None:
    ssml = "<speak>你好，<emotion category='disgust'>世界。</emotion></speak>"
    assert main([command, ssml, *MODELS]) == 1
    assert f"unknown emotion 'disgust'; valid: {EMOTIONS}" in capsys.readouterr().err


def test_ssml_with_a_trained_emotion_is_analyzed() -> None:
    assert main(["text", "<speak>你好，<emotion category='happy'>世界。</emotion></speak>", *MODELS]) == 0


def test_voices_lists_working_and_broken_voices(tmp_path: Path, capsys: Captured) -> None:
    shutil.copytree(EMBEDDED, tmp_path / "demo")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "voice.yaml").write_text("format: 1")
    assert main(["voices", "--models", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "demo: PinYin, 16000 Hz, NSF" in shown
    assert "broken: broken: " in shown


def test_doctor_succeeds_with_a_working_voice_and_fails_without(tmp_path: Path, capsys: Captured) -> None:
    assert main(["doctor", *MODELS]) == 0
    shown = capsys.readouterr().out
    for part in ("onnxruntime", "available CPUs", "runs on", "demo: speaks", "ready to serve"):
        assert part in shown
    assert main(["doctor", "--models", str(tmp_path)]) == 1
    shown = capsys.readouterr().out
    assert "not known: no voice has run" in shown
    assert "cannot serve: there is no voice in" in shown


@pytest.mark.parametrize("command", ["speak", "text"])
def test_the_error_without_a_voice_names_the_converter(command: str, tmp_path: Path, capsys: Captured) -> None:
    assert main([command, "你好", "--models", str(tmp_path)]) == 1
    assert "convert one with `python -m convert`" in capsys.readouterr().err


def test_the_installed_command_is_the_command_line() -> None:
    project = tomllib.loads((EMBEDDED.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["scripts"] == {"sambert-server": f"{main.__module__}:{main.__name__}"}


def test_help_lists_every_command_with_one_line(capsys: Captured) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    for command in COMMANDS:
        assert [line for line in lines if line.split(maxsplit=1) == [command.NAME, command.HELP]]


@pytest.mark.parametrize("setting", STYLE_LIMITS)
def test_the_help_of_speak_has_the_limits_of_each_style_setting(setting: str, capsys: Captured) -> None:
    with pytest.raises(SystemExit):
        main(["speak", "--help"])
    low, high = STYLE_LIMITS[setting]
    described = " ".join(capsys.readouterr().out.split())
    described = described.split(f" --{setting.replace('_', '-')} {setting.upper()} ")[1]
    assert described.split(" (default")[0].endswith(f", {low:g} to {high:g}")


class BufferedEncoder(PcmEncoder):
    """Returns all bytes at the end of the stream, as an encoder with large blocks does."""

    def __init__(self, rate: int, total_samples: int | None = None, **_: object) -> None:
        super().__init__(rate, total_samples)
        self._buffer = b""

    def encode(self, audio: Audio) -> bytes:
        self._buffer += super().encode(audio)
        return b""

    def finish(self) -> bytes:
        return self._buffer + b"end"


def test_files_and_streams_contain_the_end_of_the_encoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setitem(ENCODERS, "buffered", BufferedEncoder)
    output = tmp_path / "hello.buffered"
    assert main(["speak", "你好。", "-o", str(output), "--seed", "1", *MODELS]) == 0
    assert main(["speak", "你好。", "-o", "-", "--format", "buffered", "--seed", "1", *MODELS]) == 0
    streamed = capsysbinary.readouterr().out
    assert output.read_bytes() == streamed
    assert len(streamed) > 16000
    assert streamed.endswith(b"end")


def test_a_seed_repeats_the_noise_of_the_voice(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    spoken = []
    for seed in ("1", "1", "2"):
        assert main(["speak", "你好。", "-o", "-", "--format", "pcm", "--seed", seed, *MODELS]) == 0
        spoken.append(capsysbinary.readouterr().out)
    assert spoken[0] == spoken[1] != spoken[2]


@pytest.mark.parametrize("command", ["text", "voices", "doctor"])
def test_a_terminal_gets_formatted_tables_with_the_same_values(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    arguments = [command, *(["老虎在25℃。"] if command == "text" else []), *MODELS]
    assert main(arguments) == 0
    plain = capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert main(arguments) == 0
    formatted = capsys.readouterr().out
    assert "\x1b[" not in plain
    assert "\x1b[" in formatted
    values = set(re.sub(r"\x1b\[[0-9;]*m", " ", formatted).split())
    assert {word.rstrip(":") for word in plain.split() if "MiB" not in word and not word.isdigit()} <= {
        word.rstrip(":") for word in values
    }


def test_a_server_loads_what_it_does_not_need_only_when_it_is_used():
    unused = (
        "celery",
        "kombu",
        "redis",
        "pysubs2",
        "watchfiles",
        "rich",
        "onnx",
        "modelscope",
        "server.http.openapi.document",
    )
    program = (
        "import sys, server.cli, server.http.app, server.synthesis.registry\n"
        f"print([name for name in {unused} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
