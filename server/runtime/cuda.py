"""Diagnoses CUDA: driver, GPU and libraries, with the reason why they cannot be used.

Calls the driver itself, since onnxruntime reports such failures only in its log.
"""

import ctypes
from pathlib import Path

_DRIVER = "libcuda.so.1"


def driver_cuda_version() -> tuple[int, int] | None:
    """Returns the newest CUDA version that the installed driver supports, None without a driver."""
    try:
        driver = ctypes.CDLL(_DRIVER)
    except OSError:
        return None
    version = ctypes.c_int()
    driver.cuDriverGetVersion(ctypes.byref(version))
    return version.value // 1000, version.value % 1000 // 10


def gpu_problem() -> str | None:
    """Returns why no GPU is available, None if one is."""
    try:
        driver = ctypes.CDLL(_DRIVER)
    except OSError:
        return f"no NVIDIA driver: {_DRIVER} was not found (on a GPU host, start the container with --gpus all)"
    status = driver.cuInit(0)
    if status:
        return f"the NVIDIA driver cannot be initialized: {_error_name(driver, status)}"
    count = ctypes.c_int()
    driver.cuDeviceGetCount(ctypes.byref(count))
    return None if count.value else "the NVIDIA driver finds no GPU"


def driver_problem(required: str) -> str | None:
    """Returns why the driver does not support CUDA `required` (such as "13.0"), None if it does or is missing.

    Only major versions count: minor versions are compatible.
    """
    version = driver_cuda_version()
    if version is None or not required or version[0] >= int(required.split(".")[0]):
        return None
    return (
        f"the NVIDIA driver supports CUDA up to {version[0]}.{version[1]}, this onnxruntime-gpu needs CUDA {required}: "
        "update the driver, or install the extra gpu-cu12"
    )


def library_problem(provider: Path, name: str = "CUDA") -> str | None:
    """Returns the dynamic linker's error if the library of a provider cannot be loaded, None if it can."""
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
