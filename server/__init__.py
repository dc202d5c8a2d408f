"""Speech in Mandarin over HTTP, streamed while it is computed."""

import os

__version__ = "0.1.0"

# onnxruntime reports to its maker unless this is set before it is imported. What is spoken here stays here.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
