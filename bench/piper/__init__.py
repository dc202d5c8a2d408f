"""The network of Piper's quality `medium` with random weights: what people compare this engine with."""
