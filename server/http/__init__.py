"""The HTTP API, built on aiohttp. Importing it loads no onnxruntime."""

from server.http.app import create_app, serve

__all__ = ["create_app", "serve"]
