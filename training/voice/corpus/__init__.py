"""The speech corpus, synthesized with espeak-ng: recording script, audio, exact labels, features."""
