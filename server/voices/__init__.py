"""Voice folders on disk: the schema of voice.yaml, one opened folder, discovery."""
