"""The OpenAPI document of the HTTP API, made from the types that validate requests and make responses."""
