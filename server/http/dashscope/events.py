"""The server's messages: events in text frames. Audio comes in binary frames between them."""

from collections.abc import Mapping, Sequence
from typing import Any

Event = dict[str, Any]

Sentence = Mapping[str, Any]
"""The `sentence` of an event."""


def task_started(task_id: str, warnings: Sequence[str] = (), reference: str = "") -> Event:
    """The task accepts text. The cloud leaves the attributes empty.

    `warnings` name parameters without effect, `reference` says what is taken over of a recording.
    """
    attributes = {"warnings": list(warnings), "reference": reference}
    return _event(task_id, "task-started", {}, {name: value for name, value in attributes.items() if value})


def sentence_times(task_id: str, sentence: Sentence, characters: int) -> Event:
    """The times of a sentence of a whole text. `characters` is the usage up to its end."""
    return _event(task_id, "result-generated", {"output": {"sentence": sentence}, "usage": {"characters": characters}})


def sentence_begin(task_id: str, index: int, text: str) -> Event:
    """A sentence of a text in pieces begins."""
    output = {"sentence": {"index": index, "words": []}, "type": "sentence-begin", "original_text": text}
    return _event(task_id, "result-generated", {"output": output})


def sentence_audio(task_id: str, index: int, words: Sequence[Any] = ()) -> Event:
    """The next binary frame is audio of this sentence."""
    output = {"sentence": {"index": index, "words": list(words)}, "type": "sentence-synthesis"}
    return _event(task_id, "result-generated", {"output": output})


def sentence_end(task_id: str, index: int, text: str, words: Sequence[Any], characters: int) -> Event:
    """All audio of a sentence was sent. `characters` is the usage up to its end."""
    output = {"sentence": {"index": index, "words": list(words)}, "type": "sentence-end", "original_text": text}
    return _event(task_id, "result-generated", {"output": output, "usage": {"characters": characters}})


def task_finished(task_id: str, output: Mapping[str, Any] | None, characters: int) -> Event:
    """The task has ended, and the connection is free for the next one."""
    return _event(task_id, "task-finished", {"output": output, "usage": {"characters": characters}})


def task_failed(task_id: str, code: str, message: str) -> Event:
    """The task has failed; the server closes the connection after it."""
    event = _event(task_id, "task-failed", {})
    event["header"] |= {"error_code": code, "error_message": message}
    return event


def _event(task_id: str, name: str, payload: Mapping[str, Any], attributes: Mapping[str, Any] | None = None) -> Event:
    return {"header": {"task_id": task_id, "event": name, "attributes": attributes or {}}, "payload": payload}
