"""Between the synthesis and a client: the audible label, and the encoding of a stream or a file."""
