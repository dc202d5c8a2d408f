"""Runs graphs on the CPU that this program sees: `python run_cases.py FOLDER`. It needs only numpy and onnxruntime.

FOLDER has NAME.onnx and NAME.npy, the input; NAME.y.npy becomes the output. Rows of products are computed alone, too:
NAME.alone.npy.
"""

import sys
from pathlib import Path

import numpy as np
import onnxruntime


def run(folder: Path) -> None:
    """Runs every graph of the folder."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    for path in sorted(folder.glob("*.onnx")):
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        x = np.load(path.with_suffix(".npy"))
        np.save(path.with_suffix(".y.npy"), session.run(["y"], {"x": x})[0])
        if x.ndim == 2:
            rows = [session.run(["y"], {"x": row[None]})[0] for row in x]
            np.save(path.with_suffix(".alone.npy"), np.concatenate(rows))


if __name__ == "__main__":
    run(Path(sys.argv[1]))
