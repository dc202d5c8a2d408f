"""Decodes the file on standard input: `python -m server.audio.decoding SECONDS RATE`. For its parent.

Nothing is read before the process has restricted itself, and nothing is written before it has read all.
"""

import sys

import av

# PyAV imports these when it meets such a stream, which is too late.
import av.subtitles.codeccontext
import av.subtitles.stream
import av.video.codeccontext
import av.video.stream

from server.audio.decoding.answer import UnusableFileError, answer, refusal
from server.audio.decoding.decoder import decode_file
from server.audio.decoding.restrictions import restrict


def main() -> None:
    """Runs the process."""
    av.logging.set_level(av.logging.PANIC)
    restrict()
    try:
        data = sys.stdin.buffer.read()
        result = answer(*decode_file(data, float(sys.argv[1]), int(sys.argv[2])))
    except MemoryError:
        result = refusal(UnusableFileError("the recording needs too much memory to be decoded", "unreadable_audio"))
    except UnusableFileError as error:
        result = refusal(error)
    sys.stdout.buffer.write(result)


main()
