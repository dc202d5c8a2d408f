"""The networks in torch, their configurations, and the rows of their embedding tables."""
