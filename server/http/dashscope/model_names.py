"""Model names of the cloud: `sambert-zhibei-v1` names the voice zhibei, `cosyvoice-v3` leaves it to the parameter."""

import re

_SAMBERT = re.compile(r"sambert-(?P<voice>.+?)(?:-v\d+)?")
_WITHOUT_VOICE = ("cosyvoice", "qwen")


def voice_of_model(model: str) -> str | None:
    """The voice that a model names; None for the models that speak in many voices, which is the default voice."""
    if sambert := _SAMBERT.fullmatch(model):
        return sambert["voice"]
    return None if model.startswith(_WITHOUT_VOICE) else model
