"""What goes wrong between a package and a voice folder.

Each message says what happened, where, and what to do; the command line prints it and adds no traceback.
"""


class ConvertError(Exception):
    """Base of every error that a conversion raises on purpose."""


class CheckpointError(ConvertError):
    """A .pth file cannot be read: not a checkpoint, damaged, or without the weights that were asked for."""


class ForbiddenPickleError(CheckpointError):
    """A checkpoint wants something to be called or built that is not a tensor; nothing of it was executed."""


class PackageError(ConvertError):
    """A folder does not hold the parts of a voice, or holds them twice."""


class InventoryError(ConvertError):
    """A language whose phones and tones are not known here."""


class DownloadError(ConvertError):
    """A model could not be fetched from ModelScope."""
