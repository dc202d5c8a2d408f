"""What is read for a text, with its place in it: for people who check or correct the reading."""
