"""Reads a pickle without executing it.

A stack machine over `pickletools.genops` that builds numbers, strings, lists, tuples and dicts. Globals stay names, and
the few calls that a checkpoint needs go to a function of the caller.

`pickle.Unpickler` with an allow-list in `find_class` is not enough for untrusted files: dict keys are hashed while the
file is read, so that a key of 60 nested pairs of one tuple (`DUP`, `TUPLE2`) never ends; `LONG_BINPUT` with a large
index allocates up to 32 GiB for the memo; `INST`, `OBJ` and `NEWOBJ` instantiate the allowed globals, and no hook
can distinguish them from `REDUCE`; and `BUILD` sets the fields of the objects that the allowed calls return.
"""

import pickletools
import warnings
from collections.abc import Callable, Set
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from convert.errors import CheckpointError, ForbiddenPickleError

_LITERALS = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_TUPLE_SIZES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_IGNORED = {"PROTO", "FRAME"}
_MAX_PRINTED = 100
"""Characters of a text from a file in an error message."""


Call = Callable[[str, tuple[Any, ...]], Any]
"""Takes the name of a global and the arguments of its call."""


@dataclass(frozen=True, slots=True)
class GlobalName:
    """The name of a function or class in a pickle. It is never imported."""

    full: str


def read_pickle(stream: BinaryIO, *, allowed: Set[str], call: Call, persistent: Callable[[Any], Any]) -> Any:
    """The object of the pickle at the stream's position; afterwards the position is the end of the pickle.

    `call(name, arguments)` replaces a call of one of the `allowed` globals, `persistent(id)` resolves a persistent id.
    Keys of dicts must be strings or whole numbers: hashing nested tuples can take forever.
    Raises `ForbiddenPickleError` for another global or an opcode that would run code, `CheckpointError` for damage.
    """
    machine = _StackMachine(allowed, call, persistent)
    try:
        with warnings.catch_warnings():
            # An invalid escape sequence in a string is damage; the user gets an error, not a warning of Python's codec.
            warnings.filterwarnings("error", ".*invalid (octal )?escape sequence", DeprecationWarning)
            for opcode, argument, _ in pickletools.genops(stream):
                if opcode.name == "STOP":
                    return machine.stack.pop()
                machine.execute(opcode.name, argument)
    except (ValueError, LookupError, TypeError, OverflowError, DeprecationWarning) as error:
        raise CheckpointError(f"the pickle in it is damaged ({printable(str(error))})") from None
    raise CheckpointError("the pickle in it is damaged (it has no end)")


@dataclass
class _StackMachine:
    """The pickle machine: a stack, the stacks below the marks, and the memo; `load_<opcode>` executes an opcode."""

    allowed: Set[str]
    call: Call
    persistent: Callable[[Any], Any]
    stack: list[Any] = field(default_factory=list)
    below: list[list[Any]] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def execute(self, opcode: str, argument: Any) -> None:
        if opcode in _LITERALS:
            self.push(argument)
        elif opcode in _CONSTANTS:
            self.push(_CONSTANTS[opcode])
        elif opcode in _TUPLE_SIZES:
            items = [self.stack.pop() for _ in range(_TUPLE_SIZES[opcode])]
            self.push(tuple(reversed(items)))
        elif load := getattr(self, f"load_{opcode.lower()}", None):
            load(argument)
        elif opcode not in _IGNORED:
            raise ForbiddenPickleError(f"it uses the instruction {opcode}, which no checkpoint needs")

    def load_mark(self, _: Any) -> None:
        self.below.append(self.stack)
        self.stack = []

    def load_pop(self, _: Any) -> None:
        self.stack.pop()

    def load_pop_mark(self, _: Any) -> None:
        self.items_since_mark()

    def load_dup(self, _: Any) -> None:
        self.push(self.stack[-1])

    def load_tuple(self, _: Any) -> None:
        self.push(tuple(self.items_since_mark()))

    def load_empty_list(self, _: Any) -> None:
        self.push([])

    def load_list(self, _: Any) -> None:
        self.push(self.items_since_mark())

    def load_append(self, _: Any) -> None:
        item = self.stack.pop()
        self.top(list).append(item)

    def load_appends(self, _: Any) -> None:
        items = self.items_since_mark()
        self.top(list).extend(items)

    def load_empty_dict(self, _: Any) -> None:
        self.push({})

    def load_dict(self, _: Any) -> None:
        items = self.items_since_mark()
        self.push({})
        self.update_dict(items)

    def load_setitem(self, _: Any) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.update_dict([key, value])

    def load_setitems(self, _: Any) -> None:
        self.update_dict(self.items_since_mark())

    def load_put(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    load_binput = load_long_binput = load_put

    def load_memoize(self, _: Any) -> None:
        self.load_put(len(self.memo))

    def load_get(self, index: int) -> None:
        self.push(self.memo[index])

    load_binget = load_long_binget = load_get

    def load_global(self, argument: str) -> None:
        self.push(self.allowed_name(*argument.split(" ", 1)))

    def load_stack_global(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.push(self.allowed_name(module, name))

    def load_reduce(self, _: Any) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        if not isinstance(function, GlobalName) or not isinstance(arguments, tuple):
            raise ForbiddenPickleError("it calls something that is not a function's name")
        self.push(self.call(function.full, arguments))

    def load_build(self, _: Any) -> None:
        # The attributes of an OrderedDict (`_metadata` of a state dict) are not needed.
        self.stack.pop()
        self.top(dict)

    def load_binpersid(self, _: Any) -> None:
        self.push(self.persistent(self.stack.pop()))

    def load_inst(self, argument: str) -> None:
        self.load_global(argument)
        raise ForbiddenPickleError(f"it makes an object of {printable(argument.replace(' ', '.'))} (INST)")

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def items_since_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.below.pop()
        return items

    def top(self, kind: type) -> Any:
        if type(self.stack[-1]) is not kind:
            raise ForbiddenPickleError(f"it changes a {type(self.stack[-1]).__name__} as if it were a {kind.__name__}")
        return self.stack[-1]

    def update_dict(self, items: list[Any]) -> None:
        target = self.top(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str | int):
                raise CheckpointError(f"the pickle in it has a {type(key).__name__} as a key")
            target[key] = value

    def allowed_name(self, module: Any, name: Any) -> GlobalName:
        full = f"{module}.{name}" if isinstance(module, str) and isinstance(name, str) else "something without a name"
        if full not in self.allowed:
            raise ForbiddenPickleError(f"it names {printable(full)}, which is not needed to rebuild tensors")
        return GlobalName(full)


def printable(text: str) -> str:
    """Untrusted text from a file, shortened and without control characters."""
    short = text if len(text) <= _MAX_PRINTED else text[:_MAX_PRINTED] + "..."
    return short if short.isprintable() else ascii(short)
