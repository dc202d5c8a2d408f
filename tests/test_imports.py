"""The architecture: layered imports without cycles, small packages, and few importers of each heavy library."""

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TREES = ("server", "convert", "bench", "training")

LAYERS = (
    {"__main__"},
    {"cli"},
    {"http"},
    {"jobs"},
    {"api"},
    {"synthesis"},
    {"scheduling"},
    {"references"},
    {"text", "audio", "runtime", "timestamps", "cache"},
    {"voices", "access", "logs"},
    {"config", "types", "client", "atomic_file"},
    {"errors"},
)
"""The packages of `server`, top to bottom. A module may import its own package and lower layers."""

MAX_MODULES = 12
"""In one package, without its sub-packages."""

IMPORTERS = {
    "onnxruntime": ("server.runtime", "server.cli.doctor", "convert.quantization.calibration"),
    "aiohttp": ("server.http", "server.jobs.webhooks", "server.cli.references.reference_client"),
    "av": ("server.audio",),
    "onnx": ("convert",),
    "modelscope": ("convert.source.download",),
    "modelscope_hub": ("convert.source.download",),
    "requests": ("convert.source.download",),
    "celery": ("server.jobs.celery",),
    "redis": ("server.jobs.celery.redis",),
    "pysubs2": ("server.jobs.documents.subtitles",),
    "swift_f0": ("server.references.analysis.f0",),
    "torch": (),
    "scipy": (),
    "kantts": (),
}
"""Library -> the modules that may import it. The server needs no library of the converter, and nothing needs torch."""

FROM_SERVER = ("server.voices.manifest", "server.errors")
"""The modules of the server that `convert` may import."""


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def modules(package: str) -> dict[str, Path]:
    """Returns dotted module name -> file; an `__init__` has the name of its package."""
    found = {}
    for file in sorted((ROOT / package).rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


SERVER = modules("server")
CONVERT = modules("convert")


def imported(module: str, source: str) -> Iterator[str]:
    """Yields the full names of all imports, nested ones too: `from a import b` is a.b, since b may be a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} line {node.lineno}: write the import with its full name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports(package: dict[str, Path]) -> list[tuple[str, str]]:
    """Returns (module, imported name) of every import in the package."""
    return [(module, name) for module, file in package.items() for name in imported(module, file.read_text("utf-8"))]


PACKAGES = {module.split(".")[1] for module in SERVER if "." in module}


def package_of(name: str) -> str:
    """Returns the package of a module or of a name in it; empty for names of `server` itself."""
    return next((part for part in name.split(".")[1:2] if part in PACKAGES), "")


def layer(name: str) -> int:
    """Returns the index of the layer from the top; `server` itself is below all layers."""
    return next((depth for depth, names in enumerate(LAYERS) if package_of(name) in names), len(LAYERS))


def is_allowed(module: str, target: str) -> bool:
    return package_of(module) == package_of(target) or layer(module) < layer(target)


def import_graph(edges: list[tuple[str, str]], parent: str, known: set[str]) -> dict[str, set[str]]:
    """Returns child of `parent` -> the other children that its modules import."""
    depth = parent.count(".") + 1
    graph: dict[str, set[str]] = defaultdict(set)
    for module, name in edges:
        if within(module, parent) and within(name, parent) and module != parent:
            target = next((part for part in prefixes(name) if part in known), parent)
            source_child, target_child = (".".join(each.split(".")[: depth + 1]) for each in (module, target))
            if source_child != target_child and target_child != parent:
                graph[source_child].add(target_child)
    return graph


def prefixes(name: str) -> list[str]:
    """a.b.c -> a.b.c, a.b, a."""
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(len(parts), 0, -1)]


def cycle(graph: Mapping[str, set[str]]) -> list[str]:
    """Returns a cycle of the graph, empty if there is none."""
    done: set[str] = set()

    def visit(node: str, path: list[str]) -> list[str]:
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return []
        for following in sorted(graph.get(node, ())):
            if found := visit(following, [*path, node]):
                return found
        done.add(node)
        return []

    return next((found for node in sorted(graph) if (found := visit(node, []))), [])


def test_every_package_of_the_server_has_one_layer() -> None:
    assert sorted(name for names in LAYERS for name in names) == sorted(PACKAGES)


def test_server_modules_import_only_lower_layers() -> None:
    inside = [(module, name) for module, name in imports(SERVER) if within(name, "server")]
    assert len(inside) > len(SERVER)
    assert not [f"{module} imports {name}" for module, name in inside if not is_allowed(module, name)]


@pytest.mark.parametrize("tree", TREES)
def test_there_are_no_import_cycles(tree: str) -> None:
    found = modules(tree)
    edges, known = imports(found), set(found)
    parents = {parent for module in known for parent in prefixes(module)[1:]} | {tree}
    cycles = {parent: cycle(import_graph(edges, parent, known)) for parent in sorted(parents)}
    assert not {parent: path for parent, path in cycles.items() if path}


@pytest.mark.parametrize("tree", TREES)
def test_packages_are_small(tree: str) -> None:
    counts: dict[str, int] = defaultdict(int)
    for file in modules(tree).values():
        counts[str(file.parent.relative_to(ROOT))] += file.name not in ("__init__.py", "__main__.py")
    assert not {folder: count for folder, count in counts.items() if count > MAX_MODULES}


def test_the_converter_imports_only_the_manifest_and_the_errors_of_the_server() -> None:
    assert not [f"{module} imports {name}" for module, name in imports(SERVER) if within(name, "convert")]
    wrong = [
        f"{module} imports {name}"
        for module, name in imports(CONVERT)
        if within(name, "server") and not any(within(name, allowed) for allowed in FROM_SERVER)
    ]
    assert not wrong


@pytest.mark.parametrize("tree", ["server", "convert"])
def test_the_architecture_lists_every_package(tree: str) -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    packages = {module.split(".")[1] for module in modules(tree) if module.count(".") > 1}
    assert packages
    assert not {package for package in packages if f"`{package}/`" not in text}


def test_nothing_imports_the_benchmarks() -> None:
    assert not [module for module, name in imports(SERVER | CONVERT) if within(name, "bench")]


@pytest.mark.parametrize("library", IMPORTERS)
def test_a_heavy_library_is_imported_only_by_the_listed_modules(library: str) -> None:
    users = [module for module, name in imports(SERVER | CONVERT) if within(name, library)]
    assert not [module for module in users if not any(within(module, entry) for entry in IMPORTERS[library])]
    assert users or not IMPORTERS[library], f"nothing imports {library} any more; remove its entry"


def test_the_checks_detect_an_import_of_a_higher_layer() -> None:
    source = "def late():\n    from server.http import app\n    import server.synthesis"
    assert list(imported("server.text.normalization.rules", source)) == ["server.http.app", "server.synthesis"]
    assert not is_allowed("server.text.normalization.rules", "server.http.app")
    assert not is_allowed("server.text.normalization.rules", "server.audio.wav")
    assert is_allowed("server.text.normalization.rules", "server.text.english.letter_names")


def test_the_checks_detect_a_cycle() -> None:
    edges = [("a.x.one", "a.y.two"), ("a.y.two", "a.z"), ("a.z.three", "a.x.one.name")]
    known = {"a", "a.x", "a.x.one", "a.y", "a.y.two", "a.z", "a.z.three"}
    assert cycle(import_graph(edges, "a", known)) == ["a.x", "a.y", "a.z", "a.x"]
    assert not cycle(import_graph(edges[:2], "a", known))


def test_the_http_package_loads_neither_torch_nor_onnx() -> None:
    program = "import sys, server.http; print(sorted({'torch', 'onnx'} & set(sys.modules)), 'aiohttp' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "[] True\n"
