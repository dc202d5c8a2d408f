"""Reads a pickle without running it.

Python's own unpickler calls what the pickle names, and patches what it built. Here a name stays a name: this is a small
stack machine over `pickletools.genops` that builds numbers, strings, lists, tuples and dicts, and hands the few calls
that a checkpoint needs to a function of ours, by their name. There is nothing else in it that could be made to act.
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
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


@dataclass(frozen=True, slots=True)
class Name:
    """A function or class that the pickle names. It is never looked up."""

    full: str


def read_pickle(
    stream: BinaryIO,
    *,
    allowed: frozenset[str],
    call: Callable[[str, tuple[Any, ...]], Any],
    persistent: Callable[[Any], Any],
) -> Any:
    """The object of the pickle that begins at the stream's position; the stream stands behind it afterwards.

    `call(name, arguments)` stands for calling one of the `allowed` names, `persistent(id)` for a persistent id.
    Keys of dicts are strings or whole numbers: hashing anything nested could take for ever.
    Raises `ForbiddenPickleError` for another name or an instruction that would run code, `CheckpointError` for damage.
    """
    machine = _Machine(allowed, call, persistent)
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            if opcode.name == "STOP":
                return machine.stack.pop()
            machine.step(opcode.name, argument)
    except (ValueError, LookupError, TypeError, OverflowError) as error:
        raise CheckpointError(f"the pickle in it is damaged ({shown(str(error))})") from None
    raise CheckpointError("the pickle in it is damaged (it has no end)")


class _Machine:
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

    def step(self, opcode: str, argument: Any) -> None:
        push, pop = self.stack.append, self.stack.pop
        if opcode in _LITERALS:
            push(argument)
        elif opcode in _CONSTANTS:
            push(_CONSTANTS[opcode])
        elif opcode in _TUPLES:
            push(tuple(reversed([pop() for _ in range(_TUPLES[opcode])])))
        else:
            match opcode:
                case "PROTO" | "FRAME":
                    pass
                case "MARK":
                    self._below.append(self.stack)
                    self.stack = []
                case "TUPLE":
                    items = self._since_mark()
                    self.stack.append(tuple(items))
                case "EMPTY_LIST":
                    push([])
                case "LIST":
                    items = self._since_mark()
                    self.stack.append(items)
                case "APPEND":
                    item = pop()
                    self._top(list).append(item)
                case "APPENDS":
                    items = self._since_mark()
                    self._top(list).extend(items)
                case "EMPTY_DICT":
                    push({})
                case "DICT":
                    items = self._since_mark()
                    self.stack.append({})
                    self._fill(items)
                case "SETITEM":
                    value, key = pop(), pop()
                    self._fill([key, value])
                case "SETITEMS":
                    items = self._since_mark()
                    self._fill(items)
                case "PUT" | "BINPUT" | "LONG_BINPUT":
                    self._memo[argument] = self.stack[-1]
                case "MEMOIZE":
                    self._memo[len(self._memo)] = self.stack[-1]
                case "GET" | "BINGET" | "LONG_BINGET":
                    push(self._memo[argument])
                case "POP":
                    pop()
                case "POP_MARK":
                    self._since_mark()
                case "DUP":
                    push(self.stack[-1])
                case "GLOBAL":
                    push(self._name(*argument.split(" ", 1)))
                case "STACK_GLOBAL":
                    name, module = pop(), pop()
                    push(self._name(module, name))
                case "REDUCE":
                    arguments, function = pop(), pop()
                    if not isinstance(function, Name) or not isinstance(arguments, tuple):
                        raise ForbiddenPickleError("it calls something that is not a function's name")
                    push(self._call(function.full, arguments))
                case "BUILD":
                    # The attributes of an OrderedDict (`_metadata` of a state dict) are of no use here.
                    pop()
                    self._top(dict)
                case "BINPERSID":
                    push(self._persistent(pop()))
                case "INST":
                    self._name(*argument.split(" ", 1))
                    raise ForbiddenPickleError(f"it makes an object of {shown(argument.replace(' ', '.'))} (INST)")
                case _:
                    raise ForbiddenPickleError(f"it uses the instruction {opcode}, which no checkpoint needs")

    def _since_mark(self) -> list[Any]:
        items, self.stack = self.stack, self._below.pop()
        return items

    def _top(self, kind: type) -> Any:
        if type(self.stack[-1]) is not kind:
            raise ForbiddenPickleError(f"it changes a {type(self.stack[-1]).__name__} as if it were a {kind.__name__}")
        return self.stack[-1]

    def _fill(self, items: list[Any]) -> None:
        target = self._top(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str | int):
                raise CheckpointError(f"the pickle in it has a {type(key).__name__} as a key")
            target[key] = value

    def _name(self, module: Any, name: Any) -> Name:
        full = f"{module}.{name}" if isinstance(module, str) and isinstance(name, str) else "something without a name"
        if full not in self._allowed:
            raise ForbiddenPickleError(f"it names {shown(full)}, which is not needed to rebuild tensors")
        return Name(full)


def shown(text: str) -> str:
    """Text from a file that nobody vouches for, short and without control characters."""
    short = text if len(text) <= 100 else text[:100] + "..."
    return short if short.isprintable() else ascii(short)
