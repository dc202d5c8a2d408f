"""Runs the trained speech recognizer.

It decodes twice: to words (`word_search.py`), as people understand speech, and to syllables, without any word. The
latter is the best path through the CTC output in which finals follow only the initials that they form a syllable with;
it tells more of the sounds.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from server.text.units.syllables import SYLLABLES, to_phones
from training.voice.corpus.labels import GLOTTAL_ONSETS
from training.voice.evaluate.word_search import pronunciation_tree, search
from training.voice.models.recognizer import STYLE_NAMES, TOKEN_ROWS, TOKENS, TONES, Recognizer

BLANK = 0


@dataclass(frozen=True, slots=True)
class Recognition:
    """The recognized tokens and style of one utterance."""

    tokens: list[str]
    """Of the likeliest words."""
    sounds: list[str]
    """Tokens as well, of the likeliest syllables, whether they form words or not."""
    style: str
    """Speaker-emotion."""


@dataclass(frozen=True, slots=True)
class SyllableGrammar:
    """Which token may follow which. Tokens are in contexts: each initial is one, everything else is context 0."""

    context: NDArray[np.int64]
    """(tokens,): the context that a token leaves behind."""
    allowed: NDArray[np.bool_]
    """(contexts, tokens): whether a token may come next."""


@torch.no_grad()
def recognize(model: Recognizer, mel: NDArray[np.float32]) -> Recognition:
    """Recognizes a mel (frames, 80), not normalized."""
    x = model.normalize(torch.from_numpy(mel.astype(np.float32)))[None]
    log_probabilities, _, style_logits = model(x, torch.tensor([x.shape[1]]))
    emitted = log_probabilities[0].numpy()
    decoded = search(emitted, pronunciation_tree()), decode(emitted, syllable_grammar())
    tokens, sounds = ([TOKENS[row] for row in rows] for rows in decoded)
    return Recognition(tokens, sounds, STYLE_NAMES[int(style_logits.argmax())])


@cache
def syllable_grammar() -> SyllableGrammar:
    """Returns the grammar of Mandarin syllables, with erhua, and of English phones in any order."""
    syllables = {to_phones(name, "PinYin") for syllable in SYLLABLES for name in (syllable, f"{syllable}r")}
    initials = sorted({initial for initial, _ in syllables if initial not in GLOTTAL_ONSETS})
    context = np.zeros(len(TOKENS), np.int64)
    allowed = np.zeros((len(initials) + 1, len(TOKENS)), bool)
    for number, initial in enumerate(initials, 1):
        context[TOKEN_ROWS[initial]] = number
        allowed[0, TOKEN_ROWS[initial]] = True
    for initial, final in syllables:
        rows = [row for tone in TONES if (row := TOKEN_ROWS.get(f"{final}{tone}"))]
        allowed[0 if initial in GLOTTAL_ONSETS else context[TOKEN_ROWS[initial]], rows] = True
    allowed[0, [row for row, token in enumerate(TOKENS) if token and "_c" not in token]] = True
    return SyllableGrammar(context, allowed)


def decode(log_probabilities: NDArray[np.float32], grammar: SyllableGrammar) -> list[int]:
    """(steps, tokens) -> the rows of the tokens on the best CTC path that the grammar allows; it ends in context 0.

    A state of the Viterbi search is a token, or the blank after a token of some context.
    """
    contexts, tokens = grammar.allowed.shape
    owner = np.concatenate([grammar.context, np.arange(contexts)])  # context of each state: tokens, then blanks
    scores = np.full(tokens + contexts, -np.inf)
    scores[tokens] = 0.0
    history = np.zeros((len(log_probabilities), len(scores)), np.int64)
    for step, emitted in enumerate(log_probabilities):
        by_context = np.where(owner[None] == np.arange(contexts)[:, None], scores[None], -np.inf)
        best_state = by_context.argmax(1)
        best = scores[best_state]
        sources = np.where(grammar.allowed, best[:, None], -np.inf).argmax(0)
        moved = np.where(grammar.allowed[sources, np.arange(tokens)], best[sources], -np.inf)
        stays = scores[:tokens] >= moved
        history[step] = np.concatenate([np.where(stays, np.arange(tokens), best_state[sources]), best_state])
        scores = np.concatenate([np.maximum(scores[:tokens], moved) + emitted, best + emitted[BLANK]])
        scores[BLANK] = -np.inf  # the blank is not a token
    state = int(np.where(owner == 0, scores, -np.inf).argmax())
    path = [state]
    for before in history[:0:-1]:
        path.append(int(before[path[-1]]))
    rows = [BLANK if state >= tokens else state for state in reversed(path)]
    return [row for before, row in zip([BLANK, *rows], rows, strict=False) if row not in (BLANK, before)]
