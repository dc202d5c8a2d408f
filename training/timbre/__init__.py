"""The recipe of the voice with a speaker embedding: espeak-ng variants, a speaker encoder, the acoustic model."""
