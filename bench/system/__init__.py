"""The machine: its CPU and GPU, and what a process uses of them."""
