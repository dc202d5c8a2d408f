"""Checks whether this machine can serve, and on which device; or what is wrong with a server that runs.

The exit code is 1 if it cannot, or something is wrong.
"""

import argparse
import platform
from collections.abc import Iterator
from importlib import metadata

import onnxruntime

from server.cli.tables import print_fields
from server.config import Config
from server.errors import SpeechError
from server.runtime import cuda, tensorrt
from server.runtime.cpu import available_cpus
from server.runtime.memory import memory_usage
from server.runtime.providers import build_cuda_version
from server.runtime.runtime import Runtime
from server.synthesis.registry import VoiceRegistry

NAME = "doctor"
HELP = "check this machine and the voices, or a server that runs"
LOG_LEVEL = "CRITICAL"

PACKAGES = (
    "onnxruntime",
    "onnxruntime-gpu",
    "numpy",
    "aiohttp",
    "pydantic",
    "marisa-trie",
    "g2pm",
    "av",
    "soundfile",
)

Fields = Iterator[tuple[str, str]]


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the options of the command."""
    command.add_argument("--server", metavar="URL", help="check this server that runs, instead of this machine")
    command.add_argument("--key", help="key for --server, with the rights speech and metrics")


def run(options: argparse.Namespace, config: Config) -> int:
    """Runs the command; returns the exit code."""
    if options.server is not None:
        from server.cli.diagnosis.report import check_server  # imported here: other commands need no HTTP

        return check_server(options.server, options.key)
    registry = VoiceRegistry(config)
    load_error = None
    try:
        registry.load()
    except SpeechError as error:
        load_error = str(error)
    fields = [*_machine(config), *_device(registry), _memory(registry), *_voices(registry)]
    print_fields(fields, plain="{:14} {}")
    if not registry.known:
        folder = config.models.path
        no_voice = f"no voice in {folder} works" if registry.broken else f"there is no voice in {folder}"
        print(f"cannot serve: {load_error or no_voice}; convert one with `python -m convert`")
        return 1
    print("ready to serve")
    return 0


def _machine(config: Config) -> Fields:
    driver = cuda.driver_cuda_version()
    tensorrt.preload_libraries()
    packages = ", ".join(f"{name} {version}" for name in PACKAGES if (version := _version(name)))
    available = (name.removesuffix("ExecutionProvider") for name in onnxruntime.get_available_providers())
    yield "python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    yield "packages", packages
    yield "threads", f"{Runtime(config.runtime).threads} for a computation, of {available_cpus()} available CPUs"
    yield "NVIDIA driver", f"allows CUDA up to {driver[0]}.{driver[1]}" if driver else "none"
    yield "CUDA build", build_cuda_version() or "none (onnxruntime for the CPU)"
    yield "TensorRT", tensorrt.installed_version() or "none"
    yield "providers", f"configured {', '.join(config.runtime.providers)}; onnxruntime has {', '.join(available)}"


def _device(registry: VoiceRegistry) -> Fields:
    yield "runs on", registry.runtime.provider if registry.voices else "not known: no voice has run"
    if registry.runtime.fallback_reason:
        yield "fallback", registry.runtime.fallback_reason


def _memory(registry: VoiceRegistry) -> tuple[str, str]:
    usage = memory_usage()
    graphs = [graph for one in registry.voices.values() for graph in one.voice.manifest.graphs.values()]
    weights = sum(graph.bytes for graph in graphs) / 2**20
    return "memory", (
        f"{usage.current} MiB now, {usage.peak} MiB peak; "
        f"the graphs of {len(registry.voices)} voices are {weights:.0f} MiB of it"
    )


def _voices(registry: VoiceRegistry) -> Fields:
    for name, voice in registry.known.items():
        choice = registry.precision(voice)
        facts = f"{voice.manifest.language}, {voice.rate} Hz"
        yield "voice", f"{name}: speaks ({facts}) in {choice.precision}: {choice.reason}"
    for name, reason in registry.broken.items():
        yield "voice", f"{name}: broken: {reason}"


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
