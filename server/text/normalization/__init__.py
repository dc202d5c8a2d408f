"""Written forms (numbers, dates, symbols, traditional characters, emoji) -> spoken Chinese characters."""
