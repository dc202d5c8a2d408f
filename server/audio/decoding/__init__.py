"""Audio files of clients, decoded in a process of their own: whatever is in them reaches nothing else."""
