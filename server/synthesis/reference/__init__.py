"""Speech like a recording: its timbre, its emotion, its delivery."""
