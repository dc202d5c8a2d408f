"""The threads that compute streams, what they take next, and how they execute it."""
