"""Packaging: extras, lock files and images agree, and built packages contain all data files."""

import re
import shutil
import subprocess
import tomllib
from itertools import product
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from server import __version__
from server.config import Config

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
SERVER_EXTRAS = ("cpu", "gpu", "gpu-cu12")
LOCKS = {
    "cpu": ("cpu", "convert"),
    "gpu": ("gpu", "convert"),
    "gpu-cu12": ("gpu-cu12", "convert"),
    "dev": ("convert", "dev"),
}
"""The extras that each file of requirements/ is for."""
EMBEDDED = {"demo": 12_000_000, "demo-small": 3_000_000, "demo-timbre": 12_000_000}
"""Voices of the repository, and the maximum size of each in bytes."""


def lines(name: str) -> list[str]:
    """A file's lines without comments."""
    return [kept for line in (ROOT / name).read_text("utf-8").splitlines() if (kept := line.split("#")[0].strip())]


def locked(name: str) -> dict[str, str]:
    """Package -> pinned version."""
    pinned = [Requirement(line) for line in lines(f"requirements/{name}.txt")]
    return {item.name: str(item.specifier).removeprefix("==") for item in pinned}


def requirements(*extras: str) -> list[Requirement]:
    """The requirements in pyproject.toml with these extras, without the project itself."""
    texts = PROJECT["project"]["dependencies"] + [text for extra in extras for text in EXTRAS[extra]]
    return [item for item in map(Requirement, texts) if item.name != PROJECT["project"]["name"]]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_the_versions_of_the_project(lock: str) -> None:
    found = locked(lock)
    for item in requirements(*LOCKS[lock]):
        assert f"=={found[item.name]}" == str(item.specifier), (
            f"{item} differs from requirements/{lock}.txt; run make lock"
        )


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_only_names_and_versions(lock: str) -> None:
    for line in lines(f"requirements/{lock}.txt"):
        assert re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*( ; [\w' .<>=!]+)?", line)


@pytest.mark.parametrize("lock", ["gpu", "gpu-cu12", "dev"])
def test_the_locks_agree_with_each_other(lock: str) -> None:
    reference, other = locked("cpu"), locked(lock)
    shared = reference.keys() & other.keys()
    assert len(shared) > 30
    assert {name: other[name] for name in shared} == {name: reference[name] for name in shared}


def test_an_environment_has_one_onnxruntime() -> None:
    builds = {lock: sorted(name for name in locked(lock) if name.startswith("onnxruntime")) for lock in LOCKS}
    assert builds == {"cpu": ["onnxruntime"], "gpu": ["onnxruntime-gpu"], "gpu-cu12": ["onnxruntime-gpu"], "dev": []}


@pytest.mark.parametrize("package", ["server", "convert"])
def test_a_built_package_contains_its_data_files(package: str) -> None:
    folder = ROOT / package
    existing = {file for file in folder.rglob("*") if file.is_file() and file.suffix not in (".py", ".pyc")}
    patterns = PROJECT["tool"]["setuptools"]["package-data"][package]
    matched = {file for pattern in patterns for file in folder.glob(pattern) if file.is_file()}
    assert existing
    assert existing == matched


def test_the_images_differ_only_in_the_extra_and_the_nvidia_variables() -> None:
    own = re.compile(r"ARG EXTRA=(cpu|gpu)|NVIDIA_\w+=\S+( \\)?|org\.opencontainers\.image\.description=.*")
    cpu, gpu = (
        [line.rstrip(" \\") for line in lines(f"Dockerfile.{kind}") if not own.fullmatch(line)]
        for kind in ("cpu", "gpu")
    )
    assert cpu == gpu


@pytest.mark.parametrize("kind", ["cpu", "gpu"])
def test_every_file_that_an_image_copies_exists_in_the_build_context(kind: str) -> None:
    included = {line.removeprefix("!").rstrip("/") for line in lines(".dockerignore") if line.startswith("!")}
    copies = [line.split()[1:-1] for line in lines(f"Dockerfile.{kind}") if re.match(r"COPY (?!--from)", line)]
    assert copies
    chosen = {
        source.replace("${EXTRA}", extra).replace("${VOICE}", voice)
        for sources in copies
        for source in sources
        for extra, voice in product(SERVER_EXTRAS, EMBEDDED)
    }
    for source in chosen:
        assert {source, str(Path(source).parent)} & included, f".dockerignore excludes {source} from the build context"
        assert (ROOT / source).exists()


@pytest.mark.parametrize("kind", ["cpu", "gpu"])
def test_an_image_contains_one_embedded_voice(kind: str) -> None:
    text = "\n".join(lines(f"Dockerfile.{kind}"))
    assert "ARG VOICE=demo\n" in text
    assert set(re.findall(r"models/\S*(?:demo|VOICE)\S*", text)) == {"models/${VOICE}"}


@pytest.mark.parametrize("kind", ["cpu", "gpu"])
def test_an_image_names_the_license_of_its_voice(kind: str) -> None:
    assert "CC BY-SA 3.0 US" in (ROOT / "models/demo/voice.yaml").read_text("utf-8")
    assert (ROOT / "models/demo/NOTICE").is_file()
    assert not (ROOT / "models/demo-small/NOTICE").exists()
    text = "\n".join(lines(f"Dockerfile.{kind}"))
    assert 'ARG LICENSES="Apache-2.0 AND CC-BY-SA-3.0"\nLABEL org.opencontainers.image.licenses="${LICENSES}"' in text


def test_git_ignores_all_voices_but_the_embedded_ones() -> None:
    kept = {line.removeprefix("!models/").rstrip("/") for line in lines(".gitignore") if line.startswith("!models/")}
    assert kept == set(EMBEDDED)


@pytest.mark.parametrize("voice", EMBEDDED)
def test_an_embedded_voice_is_within_its_size_limit(voice: str) -> None:
    files = list((ROOT / "models" / voice).iterdir())
    assert files
    assert sum(file.stat().st_size for file in files) <= EMBEDDED[voice]


@pytest.mark.parametrize("kind", ["cpu", "gpu"])
def test_an_image_exposes_and_checks_the_default_port(kind: str) -> None:
    text = "\n".join(lines(f"Dockerfile.{kind}"))
    assert f"EXPOSE {Config().server.port}\n" in text
    assert f"http://127.0.0.1:{Config().server.port}/ready" in text


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_lists_every_command() -> None:
    commands = re.findall(r"^\.PHONY: help (.*) switch$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    shown = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^make ([\w-]+) ", shown, re.MULTILINE) == commands[0].split()


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_refuses_an_unknown_extra_and_names_the_valid_ones() -> None:
    refused = subprocess.run(["make", "setup", "EXTRA=rocm"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode
    assert 'EXTRA is "rocm"; valid: cpu gpu gpu-cu12' in refused.stderr


def test_the_changelog_starts_with_this_version() -> None:
    headings = [line for line in lines_of("CHANGELOG.md") if line.startswith("## ")]
    assert headings[0] == "## Unreleased" or headings[0].startswith(f"## {__version__} - ")


def lines_of(name: str) -> list[str]:
    return (ROOT / name).read_text("utf-8").splitlines()
