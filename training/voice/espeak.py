"""libespeak-ng through ctypes: SSML in, samples and the exact time of every phoneme out.

espeak-ng's own library says when it begins each phoneme, so labels need no aligner. Variants (pitch, formants) are
given as text: the library reads them from a folder that links to its installed data.
"""

import ctypes
import ctypes.util
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_SYNCHRONOUS = 2  # samples come to the callback before espeak_Synth returns
_PHONEME_EVENTS = 1
_PHONEME = 7
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
    name: str
    """espeak-ng's mnemonic; `_|` ends a syllable, `_:` and `_` are pauses"""
    start: float
    """seconds"""


@dataclass(frozen=True, slots=True)
class Manner:
    """How espeak-ng is to speak; the units are its own."""

    voice: str
    """language+variant"""
    rate: int
    pitch: int
    range: int


@dataclass(frozen=True, slots=True)
class Rendering:
    samples: NDArray[np.float32]
    """(samples,), -1 to 1"""
    rate: int
    phonemes: tuple[Phoneme, ...]


class Espeak:
    """One process has one espeak-ng: make one instance, and use it from one thread."""

    def __init__(self, variants: Mapping[str, str], volume: int = 45) -> None:
        """`variants`: file contents by name. The default volume of 100 clips inside the library."""
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
        data = _with_variants(_installed_data(), Path(self._folder.name), variants)
        self._rate = library.espeak_Initialize(_SYNCHRONOUS, 0, str(data.parent).encode(), _PHONEME_EVENTS)
        if self._rate <= 0:
            raise SystemExit(f"espeak-ng cannot be started with the data of {data}")
        self._heard: list[NDArray[np.int16]] = []
        self._phonemes: list[Phoneme] = []
        self._callback = _Callback(self._receive)
        library.espeak_SetSynthCallback(self._callback)

    def render(self, ssml: str, manner: Manner) -> Rendering:
        self._heard.clear()
        self._phonemes.clear()
        self._use(manner.voice)
        for parameter, value in (
            (_RATE, manner.rate), (_VOLUME, self._volume), (_PITCH, manner.pitch), (_RANGE, manner.range),
        ):  # fmt: skip
            self._library.espeak_SetParameter(parameter, value, 0)
        text = ssml.encode() + b"\0"
        self._library.espeak_Synth(text, len(text), 0, 1, 0, _UTF8 | _PHONEMES | _SSML, None, None)
        samples = np.concatenate(self._heard).astype(np.float32) / 32768
        return Rendering(samples, self._rate, tuple(self._phonemes))

    def spell(self, text: str, voice: str) -> str:
        """The phoneme mnemonics of a word with its stress marks, such as h@l'oU."""
        self._use(voice)
        pointer = ctypes.c_char_p(text.encode())
        spelled: bytes = self._library.espeak_TextToPhonemes(ctypes.byref(pointer), _UTF8, ord("|") << 8 | _ASCII)
        return spelled.decode().strip()

    def _use(self, voice: str) -> None:
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise SystemExit(f"espeak-ng has no voice {voice!r}")

    def _receive(self, wave: "ctypes._Pointer[ctypes.c_short]", count: int, events: "ctypes._Pointer[_Event]") -> int:
        if wave and count > 0:
            self._heard.append(np.ctypeslib.as_array(wave, (count,)).copy())
        place = 0
        while events[place].type:
            if events[place].type == _PHONEME:
                name = bytes(events[place].id.string).split(b"\0")[0].decode()
                self._phonemes.append(Phoneme(name, events[place].sample / self._rate))
            place += 1
        return 0


def _installed_data() -> Path:
    """Asked of the program, because a library that was started once cannot be started again with another folder."""
    shown = subprocess.run(["espeak-ng", "--version"], capture_output=True, text=True, check=True).stdout
    return Path(shown.partition("Data at: ")[2].strip())


def _with_variants(installed: Path, folder: Path, variants: Mapping[str, str]) -> Path:
    """A data folder like the installed one, whose variants are these alone."""
    data = folder / "espeak-ng-data"
    (data / "voices" / "!v").mkdir(parents=True)
    for entry in installed.iterdir():
        if entry.name != "voices":
            (data / entry.name).symlink_to(entry)
    for name, text in variants.items():
        (data / "voices" / "!v" / name).write_text(f"language variant\nname {name}\n{text}\n")
    return data
