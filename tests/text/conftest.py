"""Voices of the front end: manifests with the tables of KAN-TTS, without graphs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.text.frontend import FrontEnd
from server.text.sentence import Sentence
from server.text.units.unit_tables import UnitTables
from server.voices.manifest import Acoustic, Manifest, UnitInventory, Vocoder

INVENTORY = yaml.safe_load((Path(__file__).parent / "inventory.yaml").read_text(encoding="utf-8"))


def make_manifest(
    language: str = "PinYin", *, kind: str = "phones", untrained: tuple[str, ...] = (), **units: Any
) -> Manifest:
    """Returns a voice with the phones of the language; with those of Mandarin if inventory.yaml has no list for it."""
    inventory: dict[str, Any] = {"kind": kind, "specials": INVENTORY["specials"], "longest": 800}
    if kind == "phones":
        phones = INVENTORY["phones"].get(language, INVENTORY["phones"]["PinYin"])
        inventory["phones"] = phones.split()
        inventory |= {name: INVENTORY[name] for name in ("tones", "syllable_flags", "word_flags")}
    return Manifest(
        format=1,
        name="test",
        language=language,
        sample_rate=16000,
        speakers=("F7", "xiaoyu"),
        emotions=tuple(INVENTORY["emotions"].split()),
        precision="fp32",
        units=UnitInventory(**(inventory | units)),
        acoustic=Acoustic(mel_channels=80, frames_per_step=3, f0=None, speaker_embedding=None),
        vocoder=Vocoder(samples_per_frame=200, harmonics=0),
        graphs={},
        source={},
        untrained=untrained,
    )


@pytest.fixture(scope="session")
def inventory() -> dict[str, Any]:
    """The names in each table."""
    return INVENTORY


@pytest.fixture(scope="session")
def tables_of() -> Callable[..., UnitTables]:
    """Creates the tables of a voice; the arguments are those of `make_manifest`."""
    return lambda *args, **units: UnitTables(make_manifest(*args, **units))


@pytest.fixture(scope="session")
def tables() -> UnitTables:
    return UnitTables(make_manifest())


@pytest.fixture(scope="session")
def byte_tables() -> UnitTables:
    return UnitTables(make_manifest(kind="bytes"))


@pytest.fixture(scope="session")
def front_end(tables: UnitTables) -> FrontEnd:
    return FrontEnd(tables)


@pytest.fixture(scope="session")
def read(front_end: FrontEnd) -> Callable[[str], list[Sentence]]:
    """Analyzes a text for speaker F7 and the neutral emotion."""
    return lambda text: front_end.analyze(text, speaker="F7", emotion="neutral")
