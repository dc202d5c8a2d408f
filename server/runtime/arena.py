"""The working memory of all graphs on the CPU: one arena, so that what one graph frees serves the next.

An arena for each graph, ONNX Runtime's default, keeps the peak of every graph: 14 MiB more for a voice of full size.
"""

import threading
from functools import cache

import numpy as np
import onnxruntime as ort

_IDENTITY_GRAPH = (
    b'\x08\x08:7\n\x10\n\x01x\x12\x01y"\x08Identity\x12\x01gZ\x0f\n\x01x\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08'
    b"\x01b\x0f\n\x01y\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01B\x04\n\x00\x10\x11"
)
"""A graph with one node Identity, x -> y, (1,) each: only a run of a graph can shrink the arena."""
_lock = threading.Lock()
_is_registered = False


def use_shared_arena(options: ort.SessionOptions) -> None:
    """Lets a session take its working memory from the arena of the process, and its weights from the heap.

    Weights in the arena would keep its regions in use after their voice was unloaded.
    """
    _register()
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")


def shrink_arena() -> None:
    """Returns the regions of the arena that nothing uses to the heap."""
    options = ort.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    _identity().run(None, {"x": np.zeros(1, np.float32)}, options)


def _register() -> None:
    """Registers the arena, once: a process has one."""
    global _is_registered  # noqa: PLW0603 - as ONNX Runtime's environment, which it describes
    with _lock:
        if _is_registered:
            return
        memory = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
        ort.create_and_register_allocator(memory, ort.OrtArenaCfg({}))
        _is_registered = True


@cache
def _identity() -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    use_shared_arena(options)
    return ort.InferenceSession(_IDENTITY_GRAPH, options, providers=["CPUExecutionProvider"])
