"""What operators see of a running server: its health, its readiness, its metrics and the log of requests."""
