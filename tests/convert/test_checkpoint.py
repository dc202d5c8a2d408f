"""Checkpoints are read without PyTorch, lazily, and without executing code from them."""

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.checkpoint.reader import Tensor, read_checkpoint, read_weights
from convert.errors import CheckpointError
from tests.convert.pth import Call, Name, Persistent, Pickler, View, write_legacy, write_zip

MATRIX = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.fixture(params=[write_zip, write_legacy], ids=["zip", "legacy"])
def write(request: pytest.FixtureRequest) -> Callable[[Path, Any], Path]:
    """The writers of both formats."""
    return request.param


@pytest.fixture
def pth(tmp_path: Path) -> Path:
    return tmp_path / "checkpoint_1.pth"


# The content of a checkpoint


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "int32", "uint8", "bool"])
def test_arrays_of_all_types_are_read(dtype: str, write: Callable[[Path, Any], Path], pth: Path) -> None:
    array = (MATRIX % 2 if dtype == "bool" else MATRIX).astype(dtype)
    tensor = read_checkpoint(write(pth, {"x": array}))["x"]
    assert (tensor.dtype, tensor.shape) == (dtype, (3, 4))
    np.testing.assert_array_equal(tensor.array(), array, strict=True)


def test_bfloat16_becomes_float32(write: Callable[[Path, Any], Path], pth: Path) -> None:
    values = np.array([1.5, -2.0, 3.140625], np.float32)
    halves = (values.view(np.uint32) >> 16).astype(np.uint16)
    view = View(halves.tobytes(), "BFloat16Storage", 3, 0, (3,), (1,))
    tensor = read_checkpoint(write(pth, {"x": view}))["x"]
    assert tensor.dtype == "bfloat16"
    np.testing.assert_array_equal(tensor.array(), values, strict=True)


@given(data=st.data())
def test_views_of_a_storage_equal_views_of_numpy(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    shape = tuple(data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    whole = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
    steps = [slice(data.draw(st.integers(0, n - 1)), None, data.draw(st.integers(1, 2))) for n in shape]
    view = whole[tuple(steps)].transpose(data.draw(st.permutations(range(len(shape)))))
    offset = (view.__array_interface__["data"][0] - whole.__array_interface__["data"][0]) // 4
    strides = tuple(stride // 4 for stride in view.strides)
    stored = View(whole.tobytes(), "IntStorage", whole.size, offset, view.shape, strides)
    path = write_zip(tmp_path_factory.mktemp("view") / "x.pth", {"x": stored})
    np.testing.assert_array_equal(read_checkpoint(path)["x"].array(), view, strict=True)


def test_scalars_and_empty_tensors_are_tensors(write: Callable[[Path, Any], Path], pth: Path) -> None:
    content = read_checkpoint(write(pth, {"one": np.array(3, np.float32), "none": np.zeros((0, 4), np.float32)}))
    assert content["one"].array() == 3
    assert content["none"].array().shape == (0, 4)


def test_a_big_endian_checkpoint_is_converted(pth: Path) -> None:
    view = View(MATRIX.astype(">f4").tobytes(), "FloatStorage", 12, 0, (3, 4), (4, 1))
    tensor = read_checkpoint(write_zip(pth, {"x": view}, order="big"))["x"]
    np.testing.assert_array_equal(tensor.array(), MATRIX, strict=True)


def test_the_default_byte_order_is_little_endian(pth: Path) -> None:
    tensor = read_checkpoint(write_zip(pth, {"x": MATRIX}, order=None))["x"]
    np.testing.assert_array_equal(tensor.array(), MATRIX, strict=True)


def test_a_legacy_view_of_a_storage_is_read(pth: Path) -> None:
    identity = ("storage", Name("torch.FloatStorage"), "0", "cpu", 12, ("1", 4, 8))
    hooks = Call("collections.OrderedDict", ())
    arguments = (Persistent(identity), 1, (2, 2), (4, 1), False, hooks)
    head = [Pickler().dump(part) for part in (0x1950A86A20F9469CFC6C, 1001, {})]
    content = Pickler().dump({"x": Call("torch._utils._rebuild_tensor_v2", arguments)})
    pth.write_bytes(b"".join([*head, content, Pickler().dump(["0"]), struct.pack("<q", 12), MATRIX.tobytes()]))
    np.testing.assert_array_equal(read_checkpoint(pth)["x"].array(), MATRIX[1:, 1:3])


def test_other_content_than_weights_is_plain_data(write: Callable[[Path, Any], Path], pth: Path) -> None:
    content = {
        "steps": 12,
        "scheduler": {"milestones": Call("collections.Counter", ({3: 1, 9: 1},)), "rate": 0.5, "done": None},
        "shape": Call("torch.Size", ((2, 3),)),
        "device": Call("torch.device", ("cuda", 0)),
        "state": Call("collections.OrderedDict", ([["a", 1], ["b", 2]],)),
    }
    assert read_checkpoint(write(pth, content)) == {
        "steps": 12,
        "scheduler": {"milestones": {3: 1, 9: 1}, "rate": 0.5, "done": None},
        "shape": (2, 3),
        "device": "cuda",
        "state": {"a": 1, "b": 2},
    }


def test_a_parameter_is_read_as_its_tensor(write: Callable[[Path, Any], Path], pth: Path) -> None:
    stored = View(MATRIX.tobytes(), "FloatStorage", 12, 0, (3, 4), (4, 1))
    parameter = Call("torch._utils._rebuild_parameter", (stored, True, Call("collections.OrderedDict", ())))
    np.testing.assert_array_equal(read_checkpoint(write(pth, {"x": parameter}))["x"].array(), MATRIX)


def test_attributes_of_a_state_dict_are_ignored(pth: Path) -> None:
    raw = b"\x80\x02ccollections\nOrderedDict\n)R}(X\x09\x00\x00\x00_metadata}ub."
    assert read_checkpoint(write_zip(pth, None, raw=raw)) == {}


def test_tensors_that_are_not_requested_are_not_read(pth: Path) -> None:
    write_zip(pth, {"model": {"w": MATRIX}, "optimizer": {"m": MATRIX + 100}})
    damaged = pth.read_bytes().replace((MATRIX + 100).tobytes(), MATRIX.tobytes())
    pth.write_bytes(damaged)
    np.testing.assert_array_equal(read_weights(pth, "model")["w"], MATRIX)
    with pytest.raises(CheckpointError, match="checksum"):
        read_weights(pth, "optimizer")


def test_a_file_that_is_truncated_or_deleted_later_is_a_checkpoint_error(
    write: Callable[[Path, Any], Path], pth: Path
) -> None:
    tensor = read_checkpoint(write(pth, {"w": MATRIX}))["w"]
    pth.write_bytes(pth.read_bytes()[:40])
    with pytest.raises(CheckpointError, match="became shorter"):
        tensor.array()
    pth.unlink()
    with pytest.raises(CheckpointError, match="cannot be read any more"):
        tensor.array()


# Weights by key


def test_weights_are_contiguous_float32_and_counters_stay_integers(pth: Path) -> None:
    transposed = View(MATRIX.astype(np.float64).tobytes(), "DoubleStorage", 12, 0, (4, 3), (1, 4))
    weights = read_weights(write_zip(pth, {"model": {"w": transposed, "n": np.array([7])}}), "model")
    np.testing.assert_array_equal(weights["w"], MATRIX.T)
    assert weights["w"].dtype == np.float32
    assert weights["w"].flags.c_contiguous
    assert weights["n"].dtype == np.int64


def test_several_keys_are_a_path(pth: Path) -> None:
    write_zip(pth, {"model": {"generator": {"w": MATRIX}, "discriminator": {}}})
    assert list(read_weights(pth, "model", "generator")) == ["w"]


def test_without_keys_the_top_level_is_the_table(pth: Path) -> None:
    assert list(read_weights(write_zip(pth, {"w": MATRIX}))) == ["w"]


def test_a_prefix_of_all_weights_is_removed(pth: Path) -> None:
    assert list(read_weights(write_zip(pth, {"module.a": MATRIX, "module.b": MATRIX}))) == ["a", "b"]
    assert list(read_weights(write_zip(pth, {"module.a": MATRIX, "b": MATRIX}))) == ["module.a", "b"]


def test_a_missing_key_lists_the_existing_ones(pth: Path) -> None:
    write_zip(pth, {"model": {"generator": {"w": MATRIX}}, "steps": 3})
    with pytest.raises(CheckpointError, match=r"no 'weights' at its top; there is: model, steps"):
        read_weights(pth, "weights")
    with pytest.raises(CheckpointError, match=r"no 'w' under \['model'\]; there is: generator"):
        read_weights(pth, "model", "w")


def test_a_table_of_something_else_is_refused(pth: Path) -> None:
    write_zip(pth, {"model": {"generator": {"w": MATRIX}}, "none": {}, "steps": 3})
    for key in ("model", "none", "steps"):
        with pytest.raises(CheckpointError, match="holds no table of weights"):
            read_weights(pth, key)


# Files that are not checkpoints


def test_a_missing_file_is_a_checkpoint_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"none\.pth is missing"):
        read_checkpoint(tmp_path / "none.pth")


def test_a_folder_is_a_checkpoint_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"<html>sign in</html>" * 20, "not a PyTorch checkpoint"),
        (b"i\\\xf3\nname\n.", "not a PyTorch checkpoint"),
        (b"\x80\x02K\x01.", "not a PyTorch checkpoint"),
        (b"PK\x03\x04" + b"\0" * 500, "cut off or damaged"),
    ],
)
def test_a_file_that_is_no_checkpoint_is_a_checkpoint_error(content: bytes, message: str, pth: Path) -> None:
    pth.write_bytes(content)
    with pytest.raises(CheckpointError, match=message):
        read_checkpoint(pth)


@given(content=st.binary(min_size=1, max_size=400))
def test_any_other_bytes_are_a_checkpoint_error(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("bytes") / "x.pth"
    path.write_bytes(content)
    with pytest.raises(CheckpointError):
        read_checkpoint(path)


@given(share=st.floats(0, 1, exclude_max=True))
def test_a_checkpoint_cut_anywhere_is_a_checkpoint_error(
    share: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for write in (write_zip, write_legacy):
        path = write(tmp_path_factory.mktemp("cut") / "x.pth", {"model": {"w": MATRIX}})
        whole = path.read_bytes()
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(CheckpointError):
            read_weights(path, "model")


@given(position=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_is_an_error_or_changes_nothing(
    position: float, bit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = write_zip(tmp_path_factory.mktemp("bit") / "x.pth", {"model": {"w": MATRIX}})
    content = bytearray(path.read_bytes())
    content[int(position * len(content))] ^= 1 << bit
    path.write_bytes(content)
    try:
        weights = read_weights(path, "model")
    except CheckpointError:
        return
    np.testing.assert_array_equal(weights["w"], MATRIX)


def test_a_zip_archive_of_something_else_is_refused(pth: Path) -> None:
    with zipfile.ZipFile(pth, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(CheckpointError, match="no PyTorch checkpoint"):
        read_checkpoint(pth)


def test_a_torchscript_program_is_refused(pth: Path) -> None:
    write_zip(pth, {})
    with zipfile.ZipFile(pth, "a") as archive:
        archive.writestr("archive/constants.pkl", b"")
    with pytest.raises(CheckpointError, match="TorchScript"):
        read_checkpoint(pth)


def test_a_compressed_entry_is_refused_before_decompression(pth: Path) -> None:
    with zipfile.ZipFile(pth, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}." + b"\0" * 50_000_000)
    with pytest.raises(CheckpointError, match="is compressed or encrypted"):
        read_checkpoint(pth)


def test_a_missing_storage_is_a_checkpoint_error(pth: Path) -> None:
    raw = Pickler().dump({"x": MATRIX})
    with pytest.raises(CheckpointError, match="storage 0 is missing"):
        read_checkpoint(write_zip(pth, None, raw=raw))


def test_a_pickle_above_the_size_limit_is_not_read(pth: Path) -> None:
    with pytest.raises(CheckpointError, match="too large"):
        read_checkpoint(write_zip(pth, None, raw=b"]" * (9 << 20)))


# Tensors with inconsistent fields


def inconsistent(**changes: Any) -> View:
    valid = {"content": MATRIX.tobytes(), "storage": "FloatStorage", "length": 12}
    return View(**(valid | {"offset": 0, "shape": (3, 4), "strides": (4, 1)} | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"offset": 1},
        {"offset": -1},
        {"offset": 1 << 62},
        {"shape": (4, 4)},
        {"shape": (1 << 50, 1 << 50)},
        {"shape": (-3, -4)},
        {"strides": (4, 2)},
        {"strides": (-4, 1)},
        {"strides": (1 << 70, 1)},
        {"strides": (4,)},
        {"shape": (1,) * 65, "strides": (1,) * 65},
    ],
    ids=str,
)
def test_a_tensor_outside_of_its_storage_is_refused(
    changes: dict[str, Any], write: Callable[[Path, Any], Path], pth: Path
) -> None:
    write(pth, {"x": inconsistent(**changes)})
    with pytest.raises(CheckpointError, match="outside of its storage"):
        read_checkpoint(pth)


def test_a_storage_that_declares_more_than_its_bytes_is_refused(write: Callable[[Path, Any], Path], pth: Path) -> None:
    write(pth, {"x": inconsistent(length=1 << 50, shape=(1 << 50,), strides=(1,))})
    with pytest.raises(CheckpointError, match=r"declared|ends before its storage"):
        read_checkpoint(pth)


def test_a_tensor_that_repeats_one_value_for_a_petabyte_is_not_allocated(
    write: Callable[[Path, Any], Path], pth: Path
) -> None:
    write(pth, {"x": inconsistent(shape=(1 << 48,), strides=(0,))})
    tensor = read_checkpoint(pth)["x"]
    assert isinstance(tensor, Tensor)
    with pytest.raises(CheckpointError, match="repeats one of 12"):
        tensor.array()
    with pytest.raises(CheckpointError, match="far more than the file holds"):
        read_weights(pth)


def test_many_names_of_one_large_tensor_are_refused(pth: Path) -> None:
    large = View(bytes(4 << 20), "FloatStorage", 1 << 20, 0, (1 << 20,), (1,))
    write_zip(pth, {str(number): large for number in range(1000)})
    with pytest.raises(CheckpointError, match="far more than the file holds"):
        read_weights(pth)
