"""Sentences -> audio: acoustic model, vocoder, chunking, and the sequence of sentences of one stream."""
