"""The filter of all conversions of the sampling rate, as options of libswresample.

A polyphase filter: a windowed sinc over 128 samples of the lower of the two rates, Kaiser window with beta 9. It is
flat to 0.9 of the lower Nyquist frequency and 98 dB down above that frequency (`tests/audio/test_resampler.py`).
"""

TAPS = 128
OPTIONS = {"filter_size": str(TAPS), "cutoff": "0.95", "filter_type": "kaiser", "kaiser_beta": "9"}
