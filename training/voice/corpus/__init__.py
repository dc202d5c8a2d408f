"""The speech corpus, synthesised with espeak-ng: recording script, audio, exact labels, features."""
