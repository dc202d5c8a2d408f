"""Pickles are read without executing anything in them; hostile and damaged ones are refused."""

import builtins
import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.checkpoint.reader import read_checkpoint
from convert.errors import CheckpointError, ForbiddenPickleError
from tests.convert.pth import Call, Name, Persistent, Pickler, View, write_zip

MATRIX = np.arange(12, dtype=np.float32).reshape(3, 4)


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
