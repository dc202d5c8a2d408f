"""Builds one ONNX graph: values with operators, named weights, states, and a final check.

A thin layer over `onnx.helper`. It rejects errors that ONNX reports only at run time: unknown operators and attributes,
two weights of one name, a state without a next state.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import helper, numpy_helper

OPSET = 18
IR_VERSION = 9
MICROSOFT = "com.microsoft"
"""The domain of ONNX Runtime's own operators, which are in variants of a graph only."""

Shape = Sequence[int | str | None]
"""Sizes; a string names a dynamic axis, None is an unnamed one."""


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor in a graph."""

    graph: "Graph"
    name: str

    def __add__(self, other: "Value | float") -> "Value":
        return self.graph.op("Add", self, self.graph.value(other))

    def __sub__(self, other: "Value | float") -> "Value":
        return self.graph.op("Sub", self, self.graph.value(other))

    def __mul__(self, other: "Value | float") -> "Value":
        return self.graph.op("Mul", self, self.graph.value(other))

    def __matmul__(self, other: "Value") -> "Value":
        return self.graph.op("MatMul", self, other)


class Graph:
    """One graph under construction."""

    def __init__(self, name: str, parent: "Graph | None" = None) -> None:
        """A graph with a `parent` is the body of a loop in it (`scan`): it shares the parent's weights."""
        self.name = name
        self._scope = f"{name}." if parent else ""
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: dict[str, onnx.ValueInfoProto] = {}
        self.outputs: dict[str, onnx.ValueInfoProto] = {}
        self.arrays: dict[str, NDArray[Any]] = parent.arrays if parent else {}
        self.constants: dict[tuple[Any, ...], Value] = parent.constants if parent else {}
        self.initial_shapes: dict[str, list[int | str | None]] = {}
        self._next_states: set[str] = set()
        self._metadata: dict[str, str] = {}

    def input(self, name: str, shape: Shape, dtype: type[np.generic] = np.float32) -> Value:
        """A graph input."""
        value = Value(self, self._scope + name)
        self.inputs[name] = helper.make_tensor_value_info(value.name, _onnx_type(dtype), list(shape))
        return value

    def output(self, name: str, value: Value, shape: Shape, dtype: type[np.generic] = np.float32) -> None:
        """Makes the value a graph output of that name. Outputs of a loop body are identified by their order."""
        result = value.name
        if not self._scope or result in (info.name for info in self.outputs.values()):
            result = self._scope + name
            self.nodes.append(helper.make_node("Identity", [value.name], [result], name=result))
        self.outputs[name] = helper.make_tensor_value_info(result, _onnx_type(dtype), list(shape))

    def state(
        self, name: str, initial: Shape, shape: Shape | None = None, dtype: type[np.generic] = np.float32
    ) -> Value:
        """A tensor carried from run to run: input `state.<name>`, zeros of shape `initial` in the first run.

        `shape` is the shape of the input if later shapes differ from the initial one.
        """
        self.initial_shapes[f"state.{name}"] = list(initial)
        return self.input(f"state.{name}", shape or initial, dtype)

    def next_state(self, name: str, value: Value, shape: Shape, dtype: type[np.generic] = np.float32) -> None:
        """Output `next_state.<name>`: the state for the next run."""
        self._next_states.add(f"state.{name}")
        self.output(f"next_state.{name}", value, shape, dtype)

    def weight(self, name: str, array: NDArray[Any]) -> Value:
        """A named parameter of the model."""
        if name in self.arrays:
            raise ValueError(f"graph {self.name}: two weights are named {name}")
        self.arrays[name] = np.asarray(array, order="C")
        return Value(self, name)

    def value(self, content: "Value | ArrayLike", dtype: type[np.generic] = np.float32) -> Value:
        """A constant; equal ones are stored once."""
        if isinstance(content, Value):
            return content
        array: NDArray[Any] = np.asarray(content, dtype=dtype)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.constants:
            self.constants[key] = self.weight(f"constant.{len(self.constants)}", array)
        return self.constants[key]

    def integers(self, *content: int) -> Value:
        """A constant int64 vector."""
        return self.value(content, np.int64)

    def op(self, kind: str, *inputs: Value, **attributes: Any) -> Value:
        """An operator with one output. The attribute `domain=MICROSOFT` selects ONNX Runtime's operators."""
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, outputs: int, *inputs: Value | None, **attributes: Any) -> list[Value]:
        """An operator with several outputs; `None` leaves out an optional input."""
        if not attributes.get("domain"):
            unknown = attributes.keys() - onnx.defs.get_schema(kind, OPSET).attributes.keys() - {"domain"}
            if unknown:
                raise ValueError(f"graph {self.name}: {kind} has no attribute {', '.join(sorted(unknown))}")
        name = f"{self._scope}{kind}.{len(self.nodes)}"
        names = [name if outputs == 1 else f"{name}.{index}" for index in range(outputs)]
        sources = [item.name if item is not None else "" for item in inputs]
        self.nodes.append(helper.make_node(kind, sources, names, name=name, **attributes))
        return [Value(self, item) for item in names]

    def scan(self, body: "Graph", sequence: Value) -> Value:
        """Runs `body`, a graph with this one as its parent, over the steps of `sequence` (batch, steps, size).

        The body takes one step (batch, size), has one output (batch, size), and its states, initially zeros, are
        carried from step to step. The outputs are stacked: (batch, steps, size).
        """
        batch = self.op("Shape", sequence, start=0, end=1)

        def zeros(shape: Shape) -> Value:
            sizes = [self.integers(size) if isinstance(size, int) else batch for size in shape]
            return self.op("ConstantOfShape", self.op("Concat", *sizes, axis=0))

        states, outputs = body.initial_shapes, dict(body.outputs)
        next_states = [outputs.pop(f"next_{name}") for name in states]
        inputs = [body.inputs[name] for name in states]
        inputs += [info for name, info in body.inputs.items() if name not in states]
        inner = helper.make_graph(body.nodes, body.name, inputs, [*next_states, *outputs.values()])
        initial = [zeros(shape) for shape in states.values()]
        axes = {"num_scan_inputs": 1, "scan_input_axes": [1], "scan_output_axes": [1]}
        return self.ops("Scan", len(initial) + 1, *initial, sequence, body=inner, **axes)[-1]

    def loop(self, body: "Graph", count: Value, carried: Sequence[Value]) -> list[Value]:
        """Runs `body`, a graph with this one as its parent, `count` times.

        The body's first input is the number of the step, an int64 scalar; its other inputs are the carried values. Its
        outputs are those values for the next step, whose shapes may change, and then one more, which is stacked along
        a new first axis. Returns the carried values after the last step, and the stacked one.
        """
        going_on = f"{body.name}.going_on"
        number, *others = body.inputs.values()
        condition = [
            helper.make_tensor_value_info(name, onnx.TensorProto.BOOL, []) for name in (going_on, f"{going_on}.next")
        ]
        body.nodes.append(helper.make_node("Identity", [going_on], [f"{going_on}.next"], name=f"{going_on}.next"))
        outputs = [condition[1], *body.outputs.values()]
        inner = helper.make_graph(body.nodes, body.name, [number, condition[0], *others], outputs)
        return self.ops("Loop", len(body.outputs), count, None, *carried, body=inner)

    def set_metadata(self, **values: object) -> None:
        """Adds entries to the metadata of the model, each as JSON."""
        self._metadata.update({key: json.dumps(value) for key, value in values.items()})

    def metadata(self, key: str) -> Any:
        """An entry of the metadata; None if there is none."""
        return json.loads(self._metadata.get(key, "null"))

    @property
    def parameters(self) -> int:
        """Number of weights, without constants."""
        return sum(array.size for name, array in self.arrays.items() if not name.startswith("constant."))

    def build(self) -> onnx.ModelProto:
        """The finished, checked model."""
        if unpaired := self.initial_shapes.keys() ^ self._next_states:
            raise ValueError(f"graph {self.name}: states without an input or a next state: {sorted(unpaired)}")
        self.set_metadata(initial_state=self.initial_shapes)
        weights = [numpy_helper.from_array(array, name) for name, array in self.arrays.items()]
        graph = helper.make_graph(self.nodes, self.name, [*self.inputs.values()], [*self.outputs.values()], weights)
        domains = {"": OPSET} | {node.domain: 1 for node in self.nodes if node.domain}
        opsets = [helper.make_opsetid(domain, version) for domain, version in domains.items()]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        helper.set_model_props(model, self._metadata)
        onnx.checker.check_model(model, full_check=True)
        return model


def _onnx_type(dtype: type[np.generic]) -> int:
    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
