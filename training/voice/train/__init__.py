"""Training of the acoustic model, the vocoder and the speech recognizer."""
