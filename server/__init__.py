"""Mandarin text-to-speech over HTTP; the audio streams while it is computed."""

import os

__version__ = "0.1.0"

# onnxruntime sends usage data to its vendor unless this is set before it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
