"""The import rule: imports point down, the stages do not know each other, and each heavy package has one door."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LAYERS = (
    {"__main__"},
    {"cli"},
    {"http"},
    {"library"},
    {"narrator"},
    {"scheduler", "synthesizer"},
    {"delivery"},
    {"text", "acoustic", "vocoder", "audio", "speaker"},
    {"streamed", "capacity"},
    {"voice", "runtime"},
    {"providers"},
    {"precision", "tensorrt", "work"},
    {"config", "signals"},
    {"cpus", "cuda", "errors", "memory", "mistakes", "pace", "rows"},
)
"""The rooms of `server`, top to bottom. A module imports rooms of lower layers, or its own; never one beside it."""

WITHOUT_DEVICE = ("server.text", "server.audio")
DEVICE = ("server.runtime", "server.streamed")

DOORS = {
    "onnxruntime": ("server.runtime", "server.providers", "server.cli.doctor", "convert.rehearsal"),
    "aiohttp": ("server.http",),
    "onnx": ("convert",),
    "modelscope": ("convert.download",),
    "modelscope_hub": ("convert.download",),
    "requests": ("convert.download",),
    "torch": (),
    "scipy": (),
    "kantts": (),
}
"""Who may import what. Serving starts without what only conversion needs, and nothing here needs torch."""


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def modules(package: str) -> dict[str, Path]:
    """Every module of the package by its dotted name; a package's `__init__` has the package's."""
    found = {}
    for file in sorted((ROOT / package).rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


SERVER = modules("server")
CONVERT = modules("convert")


def imported(module: str, source: str) -> Iterator[str]:
    """The full names that a module imports, wherever in it: `from a import b` is a.b, since b may be a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} line {node.lineno}: write the import with its full name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports(package: dict[str, Path]) -> list[tuple[str, str]]:
    """(module, what it imports) of every import in the package."""
    return [(module, name) for module, file in package.items() for name in imported(module, file.read_text("utf-8"))]


ROOMS = {module.split(".")[1] for module in SERVER if "." in module}


def room(name: str) -> str:
    """The room of a module, or of a name imported from it; empty for what `server` itself defines."""
    return next((part for part in name.split(".")[1:2] if part in ROOMS), "")


def layer(name: str) -> int:
    """0 is the top; `server` itself is below everything."""
    return next((depth for depth, rooms in enumerate(LAYERS) if room(name) in rooms), len(LAYERS))


def points_down(module: str, target: str) -> bool:
    return room(module) == room(target) or layer(module) < layer(target)


def test_every_room_of_the_server_has_one_layer() -> None:
    assert sorted(name for rooms in LAYERS for name in rooms) == sorted(ROOMS)


def test_imports_of_the_server_point_down() -> None:
    inside = [(module, name) for module, name in imports(SERVER) if within(name, "server")]
    assert len(inside) > len(SERVER)
    assert not [f"{module} imports {name}" for module, name in inside if not points_down(module, name)]


def test_text_and_audio_know_nothing_of_devices() -> None:
    wrong = [
        f"{module} imports {name}"
        for module, name in imports(SERVER)
        if any(within(module, package) for package in WITHOUT_DEVICE) and any(within(name, room) for room in DEVICE)
    ]
    assert not wrong


def test_server_and_convert_do_not_import_each_other() -> None:
    assert not [f"{module} imports {name}" for module, name in imports(SERVER) if within(name, "convert")]
    assert not [f"{module} imports {name}" for module, name in imports(CONVERT) if within(name, "server")]


def test_nobody_imports_what_measures() -> None:
    assert not [module for module, name in imports(SERVER | CONVERT) if within(name, "bench")]


@pytest.mark.parametrize("package", DOORS)
def test_a_heavy_package_is_imported_only_through_its_door(package: str) -> None:
    users = [module for module, name in imports(SERVER | CONVERT) if within(name, package)]
    assert not [module for module in users if not any(within(module, door) for door in DOORS[package])]
    assert users or not DOORS[package], f"nobody imports {package} any more; remove it here"


def test_the_rule_sees_an_import_that_points_up() -> None:
    source = "def late():\n    from server.http import app\n    import server.library"
    assert list(imported("server.text.normalization.rules", source)) == ["server.http.app", "server.library"]
    assert not points_down("server.text.normalization.rules", "server.http.app")
    assert not points_down("server.text.normalization.rules", "server.acoustic.model")
    assert points_down("server.text.normalization.rules", "server.text.pronunciation.letters")


def test_the_http_surface_loads_neither_torch_nor_onnx() -> None:
    program = "import sys, server.http; print(sorted({'torch', 'onnx'} & set(sys.modules)), 'aiohttp' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "[] True\n"
