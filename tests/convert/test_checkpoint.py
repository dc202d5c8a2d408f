"""Checkpoints are read without PyTorch, lazily, and without executing code from them."""

import builtins
import contextlib
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
from convert.errors import CheckpointError, ForbiddenPickleError
from tests.convert.pth import Call, Name, Persistent, Pickler, View, write_legacy, write_zip

MATRIX = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.fixture(params=[write_zip, write_legacy], ids=["zip", "legacy"])
def write(request: pytest.FixtureRequest) -> Callable[[Path, Any], Path]:
    """The writers of both formats."""
    return request.param


@pytest.fixture
def pth(tmp_path: Path) -> Path:
    return tmp_path / "checkpoint_1.pth"


def refused(path: Path, raw: bytes) -> str:
    """The error message for a forbidden pickle, in both formats."""
    with pytest.raises(ForbiddenPickleError) as caught:
        read_checkpoint(write_zip(path, None, raw=b"\x80\x02" + raw))
    head = [Pickler().dump(part) for part in (0x1950A86A20F9469CFC6C, 1001, {})]
    path.write_bytes(b"".join(head) + b"\x80\x02" + raw + Pickler().dump([]))
    with pytest.raises(ForbiddenPickleError, match="Nothing in it was executed"):
        read_checkpoint(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


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


# Pickles that execute or change something


def test_reduce_calls_no_other_function(pth: Path) -> None:
    assert "it names posix.system" in refused(pth, b"cposix\nsystem\n(X\x08\x00\x00\x00exit 333tR.")


def test_a_global_from_the_stack_is_refused(pth: Path) -> None:
    raw = b"\x8c\x08builtins\x8c\x04eval\x93(X\x01\x00\x00\x001tR."
    assert "it names builtins.eval" in refused(pth, raw)


def test_a_global_that_is_not_called_is_refused(pth: Path) -> None:
    assert "it names os.system" in refused(pth, b"cos\nsystem\n.")


@pytest.mark.parametrize(
    "name",
    [
        "builtins.getattr",
        "builtins.dict",
        "collections.defaultdict",
        "functools.partial",
        "numpy.load",
        "torch.load",
        "torch.hub.load",
        "torch._utils._rebuild_sparse_tensor",
        "torch.storage._load_from_bytes",
        "torch.jit._script.unpackage_script_module",
        "torch.FloatTensor",
        "torch.QUInt8Storage",
        "torch._utils._rebuild_tensor_v2.__globals__",
    ],
)
def test_other_globals_are_refused_by_their_full_name(name: str, pth: Path) -> None:
    assert f"it names {name}, " in refused(pth, Pickler()._save(Call(name, ())) + b".")


def test_inst_creates_no_object(pth: Path) -> None:
    assert "it names os.system" in refused(pth, b"(X\x04\x00\x00\x00exitios\nsystem\n.")
    assert "INST" in refused(pth, b"(icollections\nOrderedDict\n.")


def test_obj_creates_no_object(pth: Path) -> None:
    assert "instruction OBJ" in refused(pth, b"(ccollections\nOrderedDict\no.")


@pytest.mark.parametrize(("opcode", "name"), [(b")\x81.", "NEWOBJ"), (b")}\x92.", "NEWOBJ_EX")])
def test_newobj_creates_no_object(opcode: bytes, name: str, pth: Path) -> None:
    assert f"instruction {name}," in refused(pth, b"ccollections\nOrderedDict\n" + opcode)


@pytest.mark.parametrize(
    ("opcode", "name"), [(b"\x82\x01.", "EXT1"), (b"\x83\x01\x00.", "EXT2"), (b"\x84\x01\0\0\0.", "EXT4")]
)
def test_the_extension_registry_is_not_used(opcode: bytes, name: str, pth: Path) -> None:
    assert f"instruction {name}," in refused(pth, opcode)


def test_build_sets_no_state_of_a_global(pth: Path) -> None:
    raw = b"ctorch._utils\n_rebuild_tensor_v2\n}(X\x08\x00\x00\x00__code__K\x01ub."
    assert "changes a GlobalName" in refused(pth, raw)


def test_build_sets_no_state_of_a_tensor(pth: Path) -> None:
    pickler = Pickler()
    tensor = pickler._save(MATRIX)
    write_zip(pth, {"x": MATRIX}, raw=b"\x80\x02" + tensor + b"}(X\x05\x00\x00\x00arrayK\x01ub.")
    with pytest.raises(ForbiddenPickleError, match="changes a Tensor"):
        read_checkpoint(pth)


def test_append_changes_only_lists(pth: Path) -> None:
    assert "changes a GlobalName" in refused(pth, b"ccollections\nCounter\nK\x01a.")
    assert "changes a dict" in refused(pth, b"}(K\x01e.")


def test_set_item_changes_only_dicts(pth: Path) -> None:
    assert "changes a GlobalName" in refused(pth, b"ccollections\nOrderedDict\nK\x01K\x02s.")


def test_only_globals_are_called(pth: Path) -> None:
    assert "calls something that is not a function's name" in refused(pth, b"X\x04\x00\x00\x00eval)R.")
    assert "calls something that is not a function's name" in refused(pth, b"ccollections\nOrderedDict\nNR.")


@pytest.mark.parametrize(
    "identity",
    [
        "storage",
        ("module", "os", "x.py", "source"),
        ("storage", Name("collections.OrderedDict"), "0", "cpu", 1),
        ("storage", Name("torch.FloatStorage"), 0, "cpu", 1),
        ("storage", Name("torch.FloatStorage"), "0", "cpu", -1),
        ("storage", "torch.FloatStorage", "0", "cpu", 1),
    ],
    ids=str,
)
def test_persistent_ids_other_than_storages_are_refused(identity: Any, pth: Path) -> None:
    assert "persistent id" in refused(pth, Pickler()._save(Persistent(identity)) + b".")


def test_a_text_persistent_id_is_refused(pth: Path) -> None:
    assert "instruction PERSID" in refused(pth, b"Pstorage\n.")


@pytest.mark.parametrize(
    "call",
    [
        Call("torch._utils._rebuild_tensor_v2", ("storage", 0, (1,), (1,), False, {})),
        Call("torch._utils._rebuild_tensor_v2", ()),
        Call("torch._utils._rebuild_parameter", ({}, True, {})),
        Call("collections.OrderedDict", ([["a"]],)),
        Call("collections.OrderedDict", ([[(1, 2), "a"]],)),
        Call("collections.Counter", ("abc",)),
        Call("torch.Size", (("a",),)),
        Call("torch.FloatStorage", (1 << 50,)),
        Call("torch.device", (1,)),
    ],
    ids=str,
)
def test_an_allowed_call_with_other_arguments_is_refused(call: Call, pth: Path) -> None:
    assert f"it calls {call.name} with arguments" in refused(pth, Pickler()._save(call) + b".")


def test_a_conjugate_or_negative_view_is_refused(pth: Path) -> None:
    pickler = Pickler()
    tensor = pickler._tensor(View(MATRIX.tobytes(), "FloatStorage", 12, 0, (3, 4), (4, 1)))
    write_zip(pth, {"x": MATRIX}, raw=Pickler().dump(Call(tensor.name, (*tensor.arguments, {"neg": True}))))
    with pytest.raises(ForbiddenPickleError, match="negative"):
        read_checkpoint(pth)


def test_control_characters_in_names_are_escaped(pth: Path) -> None:
    message = refused(pth, b"cos\n\x1b[2Jsystem\n.")
    assert "\x1b" not in message
    assert "[2Jsystem" in message


@pytest.mark.parametrize("nesting", [b"\x85", b"2\x86"], ids=["tuples", "doubling tuples"])
def test_nested_tuples_are_not_keys(nesting: bytes, pth: Path) -> None:
    """Hashing a tuple that doubles at every level never ends."""
    raw = b"\x80\x02}K\x01" + nesting * 100_000 + b"K\x01s."
    with pytest.raises(CheckpointError, match="as a key"):
        read_checkpoint(write_zip(pth, None, raw=raw))


def test_a_list_that_doubles_sixty_times_takes_no_memory(pth: Path) -> None:
    raw = b"\x80\x02]" + b"q\x00(h\x00h\x00l" * 60 + b"."
    assert isinstance(read_checkpoint(write_zip(pth, None, raw=raw)), list)


@pytest.mark.parametrize(
    "raw",
    [
        b"0.",
        b".",
        b"R.",
        b"h\x05.",
        b"u.",
        b"t.",
        b"a.",
        b"\x86.",
        b"}K\x01u.",
        b"I1e9\n.",
        b"X\xff\xff\xff\x7fa.",
        b"K",
        b"\xff.",
    ],
    ids=str,
)
def test_a_damaged_pickle_is_a_checkpoint_error(raw: bytes, pth: Path) -> None:
    with pytest.raises(CheckpointError):
        read_checkpoint(write_zip(pth, None, raw=b"\x80\x02" + raw))


@given(raw=st.binary(max_size=60))
def test_random_bytes_as_a_pickle_are_read_or_refused(raw: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    with contextlib.suppress(CheckpointError):
        read_checkpoint(write_zip(tmp_path_factory.mktemp("raw") / "x.pth", None, raw=raw))


def test_nothing_is_imported(pth: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = []
    real = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", lambda name, *rest: (imported.append(name), real(name, *rest))[1])
    refused(pth, b"cantigravity\nopen\n)R.")
    assert "antigravity" not in imported


def test_a_legacy_view_of_a_storage_is_read(pth: Path) -> None:
    identity = ("storage", Name("torch.FloatStorage"), "0", "cpu", 12, ("1", 4, 8))
    hooks = Call("collections.OrderedDict", ())
    arguments = (Persistent(identity), 1, (2, 2), (4, 1), False, hooks)
    head = [Pickler().dump(part) for part in (0x1950A86A20F9469CFC6C, 1001, {})]
    content = Pickler().dump({"x": Call("torch._utils._rebuild_tensor_v2", arguments)})
    pth.write_bytes(b"".join([*head, content, Pickler().dump(["0"]), struct.pack("<q", 12), MATRIX.tobytes()]))
    np.testing.assert_array_equal(read_checkpoint(pth)["x"].array(), MATRIX[1:, 1:3])
