"""Maps pinyin and phones to symbols and to rows of a voice's embedding tables."""
