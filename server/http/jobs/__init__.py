"""Jobs over HTTP: /v1/audio/jobs."""
