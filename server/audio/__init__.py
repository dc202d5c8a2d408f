"""Audio output: gain and limiting, then the encoders of the response formats. Independent of the models."""
