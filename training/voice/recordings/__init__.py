"""Makes utterances of a human speaker, from recordings of single words."""
