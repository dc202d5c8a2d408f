"""The operations for those who run a server: its health, its readiness and its metrics."""

from server.http.openapi.operation import NO_STORE, RETRY_LATER, Operation, Response, json_content
from server.http.operations.health import Health
from server.http.operations.readiness import Readiness

_TEXT = {"schema": {"type": "string"}}

METRICS_OPERATION = Operation(
    "get",
    "/metrics",
    "Server",
    "Metrics",
    "The metrics for Prometheus, in its text format or as OpenMetrics (docs/operations.md).",
    {200: Response("The metrics.", {"text/plain": _TEXT, "application/openmetrics-text": _TEXT}, NO_STORE)},
)
"""Exists only with `metrics.enabled`."""

HEALTH_OPERATIONS = (
    Operation(
        "get",
        "/health",
        "Server",
        "Health",
        "Whether the process works: 200 in every state in which a restart would not help, also while voices "
        "are loaded. The body has the state, the execution provider, the reason of a fallback, and the load.",
        {
            200: Response("The process works.", json_content(Health), NO_STORE),
            503: Response("The process is stuck, and should be restarted.", json_content(Health), NO_STORE),
        },
    ),
    Operation(
        "get",
        "/ready",
        "Server",
        "Readiness",
        "Whether requests for speech are answered now.",
        {
            200: Response("The server is ready.", json_content(Readiness), NO_STORE),
            503: Response(
                "The voices are still loading, none can be used, or the server is stopping.",
                json_content(Readiness),
                {**NO_STORE, **RETRY_LATER},
            ),
        },
    ),
)
