"""Metrics for Prometheus."""

from server.config.sections.section import Section


class MetricsSection(Section):
    """What GET /metrics tells."""

    enabled: bool = True
    """Whether metrics are kept, and /metrics exists."""
