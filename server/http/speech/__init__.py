"""Speech over HTTP: OpenAI's endpoint /v1/audio/speech, with fields of our own."""
