"""Speech in Mandarin over HTTP, streamed while it is computed."""

__version__ = "0.1.0"
