"""The compressed formats, encoded by FFmpeg's libraries (PyAV): MP3, Opus in Ogg and WebM, AAC, FLAC."""
