"""The file that FFmpeg writes to: in memory until it is sent, or one of the caller."""

from typing import BinaryIO


class OutputBuffer:
    """A file in memory whose beginning can be taken away while it is being written.

    Containers go back to their header at the end and complete it. What is still here is changed; bytes that were taken
    have been sent, and writing to them again changes nothing.
    """

    def __init__(self, *, seekable: bool) -> None:
        self._seekable = seekable
        self._pending = bytearray()
        self._taken = 0
        """Bytes."""
        self._position = 0
        """From the beginning of the file."""
        self.closed = False
        """Set to drop a file that is not finished: FFmpeg then does not write its end."""

    def take(self) -> bytes:
        """Returns what was written and not taken yet."""
        taken = bytes(self._pending)
        self._taken += len(taken)
        self._pending.clear()
        return taken

    def write(self, data: bytes) -> int:
        """Writes at the current position, over what is there."""
        start = self._position - self._taken
        self._position += len(data)
        kept = data[-start:] if start < 0 else data
        start = max(start, 0)
        self._pending[start : start + len(kept)] = kept
        return len(data)

    def seekable(self) -> bool:
        """Whether FFmpeg may go back."""
        return self._seekable

    def seek(self, offset: int, whence: int = 0) -> int:
        """Moves the position to `offset` from the beginning (`whence` 0), from here (1) or from the end (2)."""
        origins = (0, self._position, self._taken + len(self._pending))
        self._position = origins[whence] + offset
        return self._position

    def tell(self) -> int:
        """The current position."""
        return self._position


class FileOutput:
    """A file of the caller, which stays open."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.closed = False
        """Set to drop a file that is not finished: FFmpeg then does not write its end."""
        self.write = file.write
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def take(self) -> bytes:
        """Returns no bytes: the file has them."""
        return b""
