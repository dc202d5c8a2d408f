"""Converts written forms (numbers, dates, symbols, traditional characters, emoji) to spoken Chinese characters."""
