"""STAND-IN until reftim is merged."""


def timbre_obstacle(synthesizer: object) -> str | None:
    """None: it takes one."""
    return "this voice takes no speaker embedding; convert one with `python -m convert --se`"
