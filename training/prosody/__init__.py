"""Trains and evaluates the break model of `server/text/prosody/`."""
