"""The HTTP surface: routes, one file a concern. Loads no model and imports none of what computes."""

from server.http.app import create_app, serve

__all__ = ["create_app", "serve"]
