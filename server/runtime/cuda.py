"""Why CUDA does not work here: driver, GPU, libraries. Asks the system itself, before ONNX Runtime is asked."""

import ctypes
from pathlib import Path

_DRIVER = "libcuda.so.1"


def driver_version() -> tuple[int, int] | None:
    """The newest CUDA version that the installed driver can run, None without a driver."""
    try:
        driver = ctypes.CDLL(_DRIVER)
    except OSError:
        return None
    version = ctypes.c_int()
    driver.cuDriverGetVersion(ctypes.byref(version))
    return version.value // 1000, version.value % 1000 // 10


def missing_gpu() -> str | None:
    """Why no GPU can be reached, None if one can."""
    try:
        driver = ctypes.CDLL(_DRIVER)
    except OSError:
        return f"no NVIDIA driver: {_DRIVER} was not found (on a GPU host, start the container with --gpus all)"
    status = driver.cuInit(0)
    if status:
        return f"the NVIDIA driver cannot start: {_error_name(driver, status)}"
    count = ctypes.c_int()
    driver.cuDeviceGetCount(ctypes.byref(count))
    return None if count.value else "the NVIDIA driver sees no GPU"


def old_driver(needed: str) -> str | None:
    """Why the driver cannot run CUDA `needed` (such as "13.0"), None if it can. Minor versions are compatible."""
    version = driver_version()
    if version is None or not needed or version[0] >= int(needed.split(".")[0]):
        return None
    return (
        f"the NVIDIA driver runs CUDA up to {version[0]}.{version[1]}, this onnxruntime-gpu needs CUDA {needed}: "
        "update the driver, or install the extra gpu-cu12"
    )


def missing_library(provider: Path, name: str = "CUDA") -> str | None:
    """Which library a provider lacks, as the dynamic linker says it; None if it loads."""
    try:
        ctypes.CDLL(str(provider.with_name("libonnxruntime_providers_shared.so")), mode=ctypes.RTLD_GLOBAL)
        ctypes.CDLL(str(provider))
    except OSError as error:
        return f"the {name} provider cannot be loaded: {error}"
    return None


def _error_name(driver: ctypes.CDLL, status: int) -> str:
    name = ctypes.c_char_p()
    driver.cuGetErrorName(status, ctypes.byref(name))
    return name.value.decode() if name.value else f"error {status}"
