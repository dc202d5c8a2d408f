"""Voice folders: the schema of voice.yaml, verified files, discovery."""
