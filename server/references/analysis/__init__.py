"""What can be measured of how somebody speaks."""

from server.references.analysis.measurement import analyze

__all__ = ["analyze"]
