"""Text -> units that a voice can speak: markup, normalization, pronunciation, prosody."""
