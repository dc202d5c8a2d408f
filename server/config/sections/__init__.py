"""The sections of config.yaml, a few of one subject in each module."""
