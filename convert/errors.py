"""Errors of the converter.

Each message says what happened, where, and what to do. The command line prints it without a traceback.
"""


class ConvertError(Exception):
    """Base of all errors that the converter raises on purpose."""


class CheckpointError(ConvertError):
    """A .pth file is not a checkpoint, is damaged, or lacks the requested weights."""


class ForbiddenPickleError(CheckpointError):
    """A checkpoint calls or builds something other than tensors; nothing in it was executed."""


class PackageError(ConvertError):
    """A folder lacks a component of a voice, or has several candidates for it."""


class InventoryError(ConvertError):
    """A language without a phone inventory in `output/inventories`."""


class DownloadError(ConvertError):
    """A model cannot be downloaded from ModelScope."""
