"""Signal analysis: mel spectrogram, energy, F0, and objective metrics of speech."""
