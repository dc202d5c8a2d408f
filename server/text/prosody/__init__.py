"""Words -> prosodic words and phrases: the break after each word."""
