"""The table of errors: every code that the server can send is in it, and docs/errors.md shows it."""

import ast
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from aiohttp import WSCloseCode, web

from server.errors import (
    AccessDeniedError,
    AuthenticationError,
    BusyError,
    DeviceError,
    QuotaError,
    RequestError,
    ShutdownError,
    VoiceError,
)
from server.http.dashscope.errors import Failure, IdleError, UnknownModelError
from server.http.openapi.error_codes import ERROR_CODES, with_status

ROOT = Path(__file__).parents[3]
DOCS = (ROOT / "docs" / "errors.md").read_text("utf-8")
OUTSIDE = (ROOT / "server" / "cli", ROOT / "server" / "http" / "openapi")
"""Not reachable over HTTP: the command line; and the table itself."""

BY_AIOHTTP = {"request_entity_too_large"}
"""Raised where a body is read."""


def names_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def strings(node: ast.AST | None) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def codes_of_call(call: ast.Call) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg == "code":
            yield from strings(keyword.value)
    match names_of(call), call.args:
        case "UnknownNameError", [kind, *_]:
            yield from (f"unknown_{name}" for name in strings(kind))
        case ("ErrorReport", [_, _, code, *_]) | ("UnusableFileError", [_, code]):
            yield from strings(code)
        case "RequestError", _ if not any(keyword.arg == "code" for keyword in call.keywords):
            yield "invalid_value"


def codes_of_assignment(assignment: ast.Assign) -> Iterator[str]:
    """code = "x", and message, code = y, "x"; ERROR_CODE = "x" of a module."""
    for target in assignment.targets:
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        values = assignment.value.elts if isinstance(assignment.value, ast.Tuple) else [assignment.value]
        for name, value in zip(names, values, strict=False):
            if isinstance(name, ast.Name) and name.id.lower() in ("code", "error_code"):
                yield from strings(value)


def codes_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call():
                yield from codes_of_call(node)
            case ast.Assign():
                yield from codes_of_assignment(node)
            case ast.Attribute(attr=name) if name.startswith("HTTP") and hasattr(web, name):
                status = getattr(web, name).status_code
                if status >= 400:
                    yield HTTPStatus(status).name.lower()


def raised_codes() -> set[str]:
    files = [file for file in (ROOT / "server").rglob("*.py") if not any(file.is_relative_to(each) for each in OUTSIDE)]
    return {code for file in files for code in codes_in(ast.parse(file.read_text("utf-8")))}


def test_every_code_of_the_server_is_in_the_table_and_nothing_else():
    raised = raised_codes()
    assert len(raised) > 20
    assert {error.code for error in ERROR_CODES} == raised | BY_AIOHTTP


def test_the_codes_are_different_and_sorted_by_status():
    assert len({error.code for error in ERROR_CODES}) == len(ERROR_CODES)
    assert [error.status for error in ERROR_CODES] == sorted(error.status for error in ERROR_CODES)
    assert [error.code for error in with_status(413)] == ["request_entity_too_large"]


def rows(heading: str) -> list[str]:
    section = DOCS.partition(f"## {heading}")[2].partition("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| ") and not line.startswith("| ---")][1:]


def test_the_documentation_shows_the_table():
    expected = [f"| {each.status} | `{each.code}` | {each.when} | {each.remedy} |" for each in ERROR_CODES]
    assert rows("HTTP") == expected


@pytest.mark.parametrize(
    "error",
    [
        UnknownModelError("x"), RequestError("x"), IdleError("x"), BusyError("x", retry_after=1), ShutdownError("x"),
        VoiceError("x"), DeviceError("x"), ZeroDivisionError("x"), AuthenticationError("x"),
        AccessDeniedError("x", code="missing_right"), QuotaError("x", retry_after=1),
    ],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_the_documentation_has_the_failures_of_the_websocket(error):
    failure = Failure.of(error)
    start = f"| `{failure.code}` | {int(WSCloseCode(failure.close_code))} |"
    assert [row for row in rows("WebSocket") if row.startswith(start)], start
