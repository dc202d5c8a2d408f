"""Says whether this machine can serve, and on what. Exit code 1 if it could not."""

import argparse
import logging
import platform
from importlib import metadata

import onnxruntime

from server.config import Config
from server.errors import SpeechError
from server.runtime import cuda, tensorrt
from server.runtime.cpu import available_cpus
from server.runtime.memory import resident
from server.runtime.providers import build_cuda_version
from server.runtime.runtime import Runtime
from server.synthesis.registry import VoiceRegistry

NAME = "doctor"
HELP = "check this machine and the voices"
LOG_LEVEL = logging.CRITICAL

PACKAGES = ("onnxruntime", "onnxruntime-gpu", "numpy", "aiohttp", "pydantic", "pypinyin", "g2pm", "rjieba", "soundfile")


def add_options(command: argparse.ArgumentParser) -> None:
    pass


def run(options: argparse.Namespace, config: Config) -> int:
    library = VoiceRegistry(config)
    problem = None
    try:
        library.load()
    except SpeechError as error:
        problem = str(error)
    for name, value in _machine(config) + _device(library) + _memory(library):
        print(f"{name:14} {value}")
    for name, synthesizer in library.voices.items():
        voice, choice = synthesizer.voice, library.precision(synthesizer.voice)
        facts = f"{voice.manifest.language}, {voice.rate} Hz"
        print(f"{'voice':14} {name}: speaks ({facts}) in {choice.precision}: {choice.reason}")
    for name, reason in library.broken.items():
        print(f"{'voice':14} {name}: broken: {reason}")
    if not library.voices:
        without = (
            f"no voice in {config.models.path} works"
            if library.broken
            else f"there is no voice in {config.models.path}"
        )
        print(f"cannot serve: {problem or without}; convert one with `python -m convert`")
        return 1
    print("ready to serve")
    return 0


def _machine(config: Config) -> list[tuple[str, str]]:
    driver = cuda.driver_version()
    tensorrt.preload()
    return [
        ("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        ("packages", ", ".join(f"{name} {version}" for name in PACKAGES if (version := _version(name)))),
        ("threads", f"{Runtime(config.runtime).threads} for a computation, of {available_cpus()} available CPUs"),
        ("NVIDIA driver", f"allows CUDA up to {driver[0]}.{driver[1]}" if driver else "none"),
        ("CUDA build", build_cuda_version() or "none (onnxruntime for the CPU)"),
        ("TensorRT", tensorrt.version() or "none"),
        ("providers", f"configured {', '.join(config.runtime.providers)}; onnxruntime has {', '.join(_available())}"),
    ]


def _device(library: VoiceRegistry) -> list[tuple[str, str]]:
    if not library.voices:
        rows = [("runs on", "not known: no voice has run")]
    else:
        rows = [("runs on", library.runtime.provider)]
    return rows + ([("fallback", library.runtime.fallback_reason)] if library.runtime.fallback_reason else [])


def _memory(library: VoiceRegistry) -> list[tuple[str, str]]:
    used = resident()
    if used is None:
        return [("memory", "not known on this system")]
    weights = sum(
        graph.bytes for one in library.voices.values() for graph in one.voice.manifest.graphs.values()
    )  # bytes on disk
    amounts = ", ".join(f"{amount} MiB {when}" for when, amount in used.items())
    return [("memory", f"{amounts}; the graphs of {len(library.voices)} voices are {weights / 2**20:.0f} MiB of it")]


def _available() -> list[str]:
    return [name.removesuffix("ExecutionProvider") for name in onnxruntime.get_available_providers()]


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
