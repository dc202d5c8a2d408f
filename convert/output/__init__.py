"""What is written: tables of units, voice.yaml, the folder on disk."""
