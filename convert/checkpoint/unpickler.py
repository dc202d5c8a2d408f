"""Reads a pickle without executing it.

A stack machine over `pickletools.genops` that builds numbers, strings, lists, tuples and dicts. Globals stay names, and
the few calls that a checkpoint needs go to a function of the caller.

`pickle.Unpickler` with an allow-list in `find_class` is not enough for files from strangers: dict keys are hashed while
the file is read, so that a key of 60 nested pairs of one tuple (`DUP`, `TUPLE2`) never ends; `LONG_BINPUT` with a large
index allocates up to 32 GiB for the memo; `INST`, `OBJ` and `NEWOBJ` instantiate the allowed globals, and no hook
can distinguish them from `REDUCE`; and `BUILD` sets the fields of the objects that the allowed calls return.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from convert.errors import CheckpointError, ForbiddenPickleError

_LITERALS = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_TUPLE_SIZES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MAX_PRINTED = 100
"""Characters of a text from a file in an error message."""


@dataclass(frozen=True, slots=True)
class GlobalName:
    """The name of a function or class in a pickle. It is never imported."""

    full: str


def read_pickle(
    stream: BinaryIO,
    *,
    allowed: frozenset[str],
    call: Callable[[str, tuple[Any, ...]], Any],
    persistent: Callable[[Any], Any],
) -> Any:
    """The object of the pickle at the stream's position; afterwards the position is the end of the pickle.

    `call(name, arguments)` replaces a call of one of the `allowed` globals, `persistent(id)` resolves a persistent id.
    Keys of dicts must be strings or whole numbers: hashing nested tuples can take forever.
    Raises `ForbiddenPickleError` for another global or an opcode that would run code, `CheckpointError` for damage.
    """
    machine = _StackMachine(allowed, call, persistent)
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            if opcode.name == "STOP":
                return machine.stack.pop()
            machine.execute(opcode.name, argument)
    except (ValueError, LookupError, TypeError, OverflowError) as error:
        raise CheckpointError(f"the pickle in it is damaged ({printable(str(error))})") from None
    raise CheckpointError("the pickle in it is damaged (it has no end)")


class _StackMachine:
    """The pickle machine: a stack, the stacks below the marks, and the memo."""

    def __init__(
        self, allowed: frozenset[str], call: Callable[[str, tuple[Any, ...]], Any], persistent: Callable[[Any], Any]
    ) -> None:
        self.stack: list[Any] = []
        self._below: list[list[Any]] = []
        self._memo: dict[int, Any] = {}
        self._allowed = allowed
        self._call = call
        self._persistent = persistent

    def execute(self, opcode: str, argument: Any) -> None:
        if opcode in _LITERALS:
            self.stack.append(argument)
        elif opcode in _CONSTANTS:
            self.stack.append(_CONSTANTS[opcode])
        elif opcode in _TUPLE_SIZES:
            items = [self.stack.pop() for _ in range(_TUPLE_SIZES[opcode])]
            self.stack.append(tuple(reversed(items)))
        elif opcode in _HANDLERS:
            _HANDLERS[opcode](self, argument)
        else:
            raise ForbiddenPickleError(f"it uses the instruction {opcode}, which no checkpoint needs")

    def ignore(self, argument: Any) -> None:
        pass

    def mark(self, argument: Any) -> None:
        self._below.append(self.stack)
        self.stack = []

    def pop(self, argument: Any) -> None:
        self.stack.pop()

    def pop_mark(self, argument: Any) -> None:
        self._items_since_mark()

    def duplicate(self, argument: Any) -> None:
        self.stack.append(self.stack[-1])

    def build_tuple(self, argument: Any) -> None:
        items = self._items_since_mark()
        self.stack.append(tuple(items))

    def build_empty_list(self, argument: Any) -> None:
        self.stack.append([])

    def build_list(self, argument: Any) -> None:
        items = self._items_since_mark()
        self.stack.append(items)

    def append(self, argument: Any) -> None:
        item = self.stack.pop()
        self._top(list).append(item)

    def extend(self, argument: Any) -> None:
        items = self._items_since_mark()
        self._top(list).extend(items)

    def build_empty_dict(self, argument: Any) -> None:
        self.stack.append({})

    def build_dict(self, argument: Any) -> None:
        items = self._items_since_mark()
        self.stack.append({})
        self._update_dict(items)

    def set_item(self, argument: Any) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._update_dict([key, value])

    def set_items(self, argument: Any) -> None:
        items = self._items_since_mark()
        self._update_dict(items)

    def put(self, argument: Any) -> None:
        self._memo[argument] = self.stack[-1]

    def memoize(self, argument: Any) -> None:
        self._memo[len(self._memo)] = self.stack[-1]

    def get(self, argument: Any) -> None:
        self.stack.append(self._memo[argument])

    def push_global(self, argument: Any) -> None:
        self.stack.append(self._allowed_name(*argument.split(" ", 1)))

    def push_stack_global(self, argument: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.stack.append(self._allowed_name(module, name))

    def reduce(self, argument: Any) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        if not isinstance(function, GlobalName) or not isinstance(arguments, tuple):
            raise ForbiddenPickleError("it calls something that is not a function's name")
        self.stack.append(self._call(function.full, arguments))

    def drop_state(self, argument: Any) -> None:
        # BUILD: the attributes of an OrderedDict (`_metadata` of a state dict) are not needed.
        self.stack.pop()
        self._top(dict)

    def push_persistent(self, argument: Any) -> None:
        self.stack.append(self._persistent(self.stack.pop()))

    def refuse_instance(self, argument: Any) -> None:
        self._allowed_name(*argument.split(" ", 1))
        raise ForbiddenPickleError(f"it makes an object of {printable(argument.replace(' ', '.'))} (INST)")

    def _items_since_mark(self) -> list[Any]:
        items, self.stack = self.stack, self._below.pop()
        return items

    def _top(self, kind: type) -> Any:
        if type(self.stack[-1]) is not kind:
            raise ForbiddenPickleError(f"it changes a {type(self.stack[-1]).__name__} as if it were a {kind.__name__}")
        return self.stack[-1]

    def _update_dict(self, items: list[Any]) -> None:
        target = self._top(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str | int):
                raise CheckpointError(f"the pickle in it has a {type(key).__name__} as a key")
            target[key] = value

    def _allowed_name(self, module: Any, name: Any) -> GlobalName:
        full = f"{module}.{name}" if isinstance(module, str) and isinstance(name, str) else "something without a name"
        if full not in self._allowed:
            raise ForbiddenPickleError(f"it names {printable(full)}, which is not needed to rebuild tensors")
        return GlobalName(full)


_HANDLERS: dict[str, Callable[[_StackMachine, Any], None]] = {
    **dict.fromkeys(("PROTO", "FRAME"), _StackMachine.ignore),
    "MARK": _StackMachine.mark,
    "POP": _StackMachine.pop,
    "POP_MARK": _StackMachine.pop_mark,
    "DUP": _StackMachine.duplicate,
    "TUPLE": _StackMachine.build_tuple,
    "EMPTY_LIST": _StackMachine.build_empty_list,
    "LIST": _StackMachine.build_list,
    "APPEND": _StackMachine.append,
    "APPENDS": _StackMachine.extend,
    "EMPTY_DICT": _StackMachine.build_empty_dict,
    "DICT": _StackMachine.build_dict,
    "SETITEM": _StackMachine.set_item,
    "SETITEMS": _StackMachine.set_items,
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _StackMachine.put),
    "MEMOIZE": _StackMachine.memoize,
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _StackMachine.get),
    "GLOBAL": _StackMachine.push_global,
    "STACK_GLOBAL": _StackMachine.push_stack_global,
    "REDUCE": _StackMachine.reduce,
    "BUILD": _StackMachine.drop_state,
    "BINPERSID": _StackMachine.push_persistent,
    "INST": _StackMachine.refuse_instance,
}


def printable(text: str) -> str:
    """Untrusted text from a file, shortened and without control characters."""
    short = text if len(text) <= _MAX_PRINTED else text[:_MAX_PRINTED] + "..."
    return short if short.isprintable() else ascii(short)
