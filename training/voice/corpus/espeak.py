"""Binds libespeak-ng with ctypes: SSML in, samples and the exact time of every phoneme out.

The library reports the start of each phoneme, so labels need no aligner. Variants (pitch, formants) are given as text
and written into a temporary data folder that links to the installed data.
"""

import ctypes
import ctypes.util
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_SYNCHRONOUS = 2  # the callback receives all samples before espeak_Synth returns
_ENABLE_PHONEME_EVENTS = 1
_PHONEME_EVENT = 7
_UTF8, _PHONEMES, _SSML = 1, 0x100, 0x10
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
_ASCII = 0


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True, slots=True)
class Phoneme:
    """One phoneme of synthesized speech."""

    name: str
    """espeak-ng's mnemonic; `_|` ends a syllable, `_:` and `_` are pauses."""
    start: float
    """Seconds."""


@dataclass(frozen=True, slots=True)
class VoiceSettings:
    """Settings of the synthesizer, in espeak-ng's units."""

    voice: str
    """Language+variant."""
    rate: int
    pitch: int
    pitch_range: int


@dataclass(frozen=True, slots=True)
class SynthesizedSpeech:
    """Speech and its phonemes."""

    samples: NDArray[np.float32]
    """(samples,), -1 to 1"""
    sample_rate: int
    phonemes: tuple[Phoneme, ...]


class Espeak:
    """The espeak-ng synthesizer. The library is global: create one instance per process, and use it from one thread.

    `variants` holds the contents of variant files by name. espeak-ng's own default volume of 100 clips inside the
    library. Raises `SystemExit` if the library is missing or does not start.
    """

    def __init__(self, variants: Mapping[str, str], volume: int = 45) -> None:
        name = ctypes.util.find_library("espeak-ng")
        if name is None:
            raise SystemExit("libespeak-ng is missing; install it, on Debian and Ubuntu: apt-get install espeak-ng")
        self._library = library = ctypes.CDLL(name)
        library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        library.espeak_Synth.argtypes = (
            ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint,
            ctypes.c_void_p, ctypes.c_void_p,
        )  # fmt: skip
        self._volume = volume
        self._folder = tempfile.TemporaryDirectory(prefix="espeak-")
        data = _data_folder_with(_installed_data(), Path(self._folder.name), variants)
        self._variants = data / "voices" / "!v"
        self._rate = library.espeak_Initialize(_SYNCHRONOUS, 0, str(data.parent).encode(), _ENABLE_PHONEME_EVENTS)
        if self._rate <= 0:
            raise SystemExit(f"espeak-ng does not start with the data folder {data}; reinstall espeak-ng 1.51")
        self._received: list[NDArray[np.int16]] = []
        self._phonemes: list[Phoneme] = []
        self._callback = _Callback(self._receive)
        library.espeak_SetSynthCallback(self._callback)

    def define(self, name: str, variant: str) -> None:
        """Adds or replaces a variant: espeak-ng reads its file again for every text, and finds at most 349 voices."""
        _write_variant(self._variants, name, variant)

    def synthesize(self, ssml: str, settings: VoiceSettings) -> SynthesizedSpeech:
        """Speaks SSML. Raises `SystemExit` if espeak-ng lacks the voice."""
        self._received.clear()
        self._phonemes.clear()
        self._select(settings.voice)
        for parameter, value in (
            (_RATE, settings.rate), (_VOLUME, self._volume), (_PITCH, settings.pitch), (_RANGE, settings.pitch_range),
        ):  # fmt: skip
            self._library.espeak_SetParameter(parameter, value, 0)
        text = ssml.encode() + b"\0"
        self._library.espeak_Synth(text, len(text), 0, 1, 0, _UTF8 | _PHONEMES | _SSML, None, None)
        samples: NDArray[np.float32] = np.concatenate(self._received).astype(np.float32) / np.float32(32768)
        return SynthesizedSpeech(samples, self._rate, tuple(self._phonemes))

    def transcribe(self, text: str, voice: str) -> str:
        """Returns the phoneme mnemonics of a word, separated by `|`, with stress marks: h|@|l|'oU."""
        self._select(voice)
        pointer = ctypes.c_char_p(text.encode())
        transcription: bytes = self._library.espeak_TextToPhonemes(ctypes.byref(pointer), _UTF8, ord("|") << 8 | _ASCII)
        return transcription.decode().strip()

    def _select(self, voice: str) -> None:
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise SystemExit(f"espeak-ng has no voice {voice!r}")

    def _receive(self, wave: "ctypes._Pointer[ctypes.c_short]", count: int, events: "ctypes._Pointer[_Event]") -> int:
        if wave and count > 0:
            self._received.append(np.ctypeslib.as_array(wave, (count,)).copy())
        index = 0
        while events[index].type:
            if events[index].type == _PHONEME_EVENT:
                name = bytes(events[index].id.string).split(b"\0")[0].decode()
                self._phonemes.append(Phoneme(name, events[index].sample / self._rate))
            index += 1
        return 0


def _installed_data() -> Path:
    """Returns the data folder that the program reports.

    The library reports it too, but only once initialized, and it cannot be initialized again with another folder.
    """
    program = shutil.which("espeak-ng")
    if program is None:
        raise SystemExit("espeak-ng is missing; install it, on Debian and Ubuntu: apt-get install espeak-ng")
    shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
    return Path(shown.partition("Data at: ")[2].strip())


def _data_folder_with(installed: Path, folder: Path, variants: Mapping[str, str]) -> Path:
    """Creates a copy of the data folder, by links, with `variants` in place of the installed ones."""
    data = folder / "espeak-ng-data"
    (data / "voices" / "!v").mkdir(parents=True)
    for entry in installed.iterdir():
        if entry.name != "voices":
            (data / entry.name).symlink_to(entry)
    for name, text in variants.items():
        _write_variant(data / "voices" / "!v", name, text)
    return data


def _write_variant(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"language variant\nname {name}\n{text}\n")
