"""The analysis of texts over HTTP."""
