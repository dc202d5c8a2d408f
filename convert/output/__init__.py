"""The output of a conversion: embedding tables, voice.yaml, the voice folder."""
