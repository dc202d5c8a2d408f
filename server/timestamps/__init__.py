"""The times of a text as JSON, subtitles and annotations."""
