"""Words -> pinyin: dictionary, polyphones, user lexicon, erhua, tone sandhi."""
