"""Text that arrives in pieces: it is spoken as soon as nothing that follows can change how."""
