"""STAND-IN until reftim is merged."""

from server.voices.voice import Voice


def timbre_obstacle(voice: Voice) -> str | None:
    """None: it takes one."""
    return "this voice takes no speaker embedding; convert one with `python -m convert --se`"
