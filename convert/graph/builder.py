"""Builds one ONNX graph: values with operators, named weights, states that pair up, and a check at the end.

A thin layer over `onnx.helper`. It refuses what ONNX would let pass until run time: an operator or attribute that the
schema does not know, two weights of one name, a state without its successor. Standard operators only.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 18
IR_VERSION = 9

Shape = Sequence[int | str]


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

    def __init__(self, name: str, within: "Graph | None" = None) -> None:
        """`within` makes it a step that the other graph repeats (`scan`): they share weights, and no value's name."""
        self.name = name
        self._scope = f"{name}." if within else ""
        self._nodes: list[onnx.NodeProto] = []
        self._inputs: dict[str, onnx.ValueInfoProto] = {}
        self._outputs: dict[str, onnx.ValueInfoProto] = {}
        self._arrays: dict[str, NDArray[Any]] = within._arrays if within else {}
        self._constants: dict[tuple[Any, ...], Value] = within._constants if within else {}
        self._initial: dict[str, list[int | str]] = {}
        self._successors: set[str] = set()
        self._metadata: dict[str, str] = {}

    def input(self, name: str, shape: Shape, dtype: type = np.float32) -> Value:
        value = Value(self, self._scope + name)
        self._inputs[name] = helper.make_tensor_value_info(value.name, _onnx_type(dtype), list(shape))
        return value

    def output(self, name: str, value: Value, shape: Shape, dtype: type = np.float32) -> None:
        result = value.name
        if not self._scope or result in (info.name for info in self._outputs.values()):  # a step's go by their places
            result = self._scope + name
            self._nodes.append(helper.make_node("Identity", [value.name], [result], name=result))
        self._outputs[name] = helper.make_tensor_value_info(result, _onnx_type(dtype), list(shape))

    def state(self, name: str, initial: Shape, shape: Shape | None = None) -> Value:
        """What a run hands to the next one: input `state.<name>`, zeros of shape `initial` before the first run.

        `shape` is what the input accepts, where the initial shape differs from the later ones.
        """
        self._initial[f"state.{name}"] = list(initial)
        return self.input(f"state.{name}", shape or initial)

    def next_state(self, name: str, value: Value, shape: Shape) -> None:
        self._successors.add(f"state.{name}")
        self.output(f"next_state.{name}", value, shape)

    def weight(self, name: str, array: NDArray[Any]) -> Value:
        """A named parameter of the model."""
        if name in self._arrays:
            raise ValueError(f"graph {self.name}: two weights are named {name}")
        self._arrays[name] = np.asarray(array, order="C")
        return Value(self, name)

    def value(self, content: "Value | ArrayLike", dtype: type = np.float32) -> Value:
        """A constant; equal ones are stored once."""
        if isinstance(content, Value):
            return content
        array = np.asarray(content, dtype=dtype)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = self.weight(f"constant.{len(self._constants)}", array)
        return self._constants[key]

    def integers(self, *content: int) -> Value:
        return self.value(content, np.int64)

    def op(self, kind: str, *inputs: Value, **attributes: Any) -> Value:
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, outputs: int, *inputs: Value | None, **attributes: Any) -> list[Value]:
        """An operator with several outputs; `None` leaves out an optional input."""
        schema = onnx.defs.get_schema(kind, OPSET)
        unknown = attributes.keys() - schema.attributes.keys()
        if unknown:
            raise ValueError(f"graph {self.name}: {kind} has no attribute {', '.join(sorted(unknown))}")
        name = f"{self._scope}{kind}.{len(self._nodes)}"
        names = [name if outputs == 1 else f"{name}.{index}" for index in range(outputs)]
        sources = [item.name if item is not None else "" for item in inputs]
        self._nodes.append(helper.make_node(kind, sources, names, name=name, **attributes))
        return [Value(self, item) for item in names]

    def scan(self, step: "Graph", sequence: Value) -> Value:
        """`step`, which was made within this graph, for every place of `sequence` (batch, places, size) in turn.

        It takes one place (batch, size), has one output (batch, size) and hands its states on, which are zeros at
        first. What it puts out is stacked: (batch, places, size).
        """
        batch = self.op("Shape", sequence, start=0, end=1)

        def zeros(shape: Shape) -> Value:
            sizes = [batch if size == "batch" else self.integers(size) for size in shape]
            return self.op("ConstantOfShape", self.op("Concat", *sizes, axis=0))

        results = dict(step._outputs)
        following = [results.pop(f"next_{name}") for name in step._initial]
        states = [step._inputs[name] for name in step._initial]
        places = [info for name, info in step._inputs.items() if name not in step._initial]
        body = helper.make_graph(step._nodes, step.name, [*states, *places], [*following, *results.values()])
        initial = [zeros(shape) for shape in step._initial.values()]
        return self.ops(
            "Scan", len(initial) + 1, *initial, sequence, body=body, num_scan_inputs=1,
            scan_input_axes=[1], scan_output_axes=[1],
        )[-1]  # fmt: skip

    def describe(self, **facts: object) -> None:
        """Facts that travel in the graph's metadata, each as JSON."""
        self._metadata.update({key: json.dumps(fact) for key, fact in facts.items()})

    def fact(self, key: str) -> Any:
        """A fact given to `describe`, None if there is none."""
        return json.loads(self._metadata.get(key, "null"))

    @property
    def parameters(self) -> int:
        return sum(array.size for name, array in self._arrays.items() if not name.startswith("constant."))

    def build(self) -> onnx.ModelProto:
        """The finished, checked model."""
        if self._initial.keys() != self._successors:
            raise ValueError(f"graph {self.name}: states without a pair: {self._initial.keys() ^ self._successors}")
        self.describe(initial_state=self._initial)
        weights = [numpy_helper.from_array(array, name) for name, array in self._arrays.items()]
        graph = helper.make_graph(self._nodes, self.name, [*self._inputs.values()], [*self._outputs.values()], weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        helper.set_model_props(model, self._metadata)
        onnx.checker.check_model(model, full_check=True)
        return model


def _onnx_type(dtype: type) -> int:
    return TensorProto.INT64 if dtype is np.int64 else TensorProto.FLOAT
