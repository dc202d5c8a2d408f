"""units -> mel: encoder, decoder, postnet."""
