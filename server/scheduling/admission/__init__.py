"""Which streams are computed: predicted load, limits of clients, and the order of those that wait."""
