"""Webhooks: the end of a job, told to the address that its client named."""
