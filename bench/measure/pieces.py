"""First audio of a text that arrives at the speed at which a language model writes it, over the WebSocket."""

import re

from bench.load.server_process import ServerProcess
from bench.load.websocket_client import CHARACTERS_PER_SECOND, time_to_first_audio
from bench.progress import track
from bench.results.percentiles import Percentiles
from bench.results.schema import PiecesResult
from bench.voices.engine import Engine
from bench.voices.texts import NEWS_TEXT, REQUEST_SENTENCES
from server.text.incremental.incremental_text import IncrementalText

TEXTS = (*REQUEST_SENTENCES, NEWS_TEXT)
_CLAUSE_END = re.compile("[，、；：。！？]")


def measure_pieces(title: str, engine: Engine, server: ServerProcess, repeats: int) -> PiecesResult:
    """Measures from the character that completes the first clause; a comma may need more text before it is safe."""
    first_audio, waited = [], []
    for text in track(TEXTS, f"{title}: text in pieces"):
        awaited = _completing_character(engine, text)
        clause_end = _CLAUSE_END.search(text)
        waited.append(awaited - (clause_end.start() if clause_end else 0))
        first_audio += [time_to_first_audio(server, text, awaited) for _ in range(repeats)]
    return PiecesResult(CHARACTERS_PER_SECOND, len(TEXTS), sum(waited) / len(waited), Percentiles.of(first_audio))


def _completing_character(engine: Engine, text: str) -> int:
    """Index of the character with which the first clause or sentence leaves; that of the last one if none does."""
    incremental = IncrementalText(engine.synthesizer.front_end(), early=True)
    return next((number for number, char in enumerate(text) if incremental.append(char)), len(text) - 1)
