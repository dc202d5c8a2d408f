"""Pronunciation of Chinese text: words, pinyin, erhua and tone sandhi."""
