"""Chinese words and their readings, in files that are mapped into memory: segmentation, parts of speech, pinyin."""
