"""Reads PyTorch checkpoints without PyTorch and without executing code from them."""
