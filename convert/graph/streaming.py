"""Streaming layers: run chunk by chunk, they give the same samples as one run over the whole signal.

A convolution with `left` samples of history and `right` samples of lookahead keeps its last inputs as a state: `left`
zeros before the first chunk (the zero padding), later the samples that the next chunk needs. It convolves without
padding, so a chunk yields only final samples. `final` (0 or 1) appends `right` zeros to the input of every layer.
So a stream has a fixed `delay` relative to the input. Layers that read one signal share one state, from which each
takes its window: one that would be ahead of the others reads older samples. All chunks run the same graph. Nothing is
computed twice, except by layers with padding, whose samples at the ends of a chunk are cut off (`StreamGraph.cut`).

The first chunk must have more samples than the delay of the last stream.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import numpy_helper

from convert.graph.builder import Graph, Value

INT64_MAX = np.iinfo(np.int64).max
BEYOND_END = 2**30
"""Added to the end of a window, it selects everything up to the end of the signal."""
ENCODED = "encoded"
"""Ending of the name of a state that is not stored as it is."""


@dataclass(frozen=True, eq=False)
class Encoding:
    """How the values of a signal are stored: value / scale + zero, by channel. Zero is the only value that is exact."""

    scale: NDArray[np.float64] | None = None
    """(channels,); None for ones."""
    zero: int | None = None
    """The uint8 that stands for zero; None for float32."""
    channels_last: bool = False
    """(batch, 1, time, channels), which 8-bit convolutions read; else (batch, channels, 1, time), which float32 ones
    read. Convolutions over two axes, one of length 1, have ONNX Runtime's fastest kernels."""

    @property
    def time_axis(self) -> int:
        """The axis of the samples."""
        return 2 if self.channels_last else 3

    @property
    def is_plain(self) -> bool:
        """Whether values are stored as they are, in float32, (batch, channels, 1, time)."""
        return self.scale is None and self.zero is None and not self.channels_last

    @property
    def dtype(self) -> type:
        """The type of a stored value."""
        return np.float32 if self.zero is None else np.uint8

    def description(self) -> dict[str, Any]:
        """For the metadata of a state."""
        scale = 1.0 if self.scale is None else [float(str(value)) for value in self.scale.astype(np.float32)]
        return {"scale": scale, "zero": self.zero, "channels_last": self.channels_last}

    def shape(self, channels: int, *time: int | str | None) -> list[Any]:
        """The shape of a signal of some length."""
        return ["batch", 1, *time, channels] if self.channels_last else ["batch", channels, 1, *time]


PLAIN = Encoding()


@dataclass(frozen=True)
class Stream:
    """A signal in a streaming graph."""

    value: Value
    channels: int
    delay: int = 0
    """Relative to the input, in samples at this stream's rate."""
    encoding: Encoding = field(default=PLAIN, compare=False)

    def map(self, value: Value) -> "Stream":
        """The stream after a sample-wise operator."""
        return replace(self, value=value)


@dataclass(frozen=True)
class Window:
    """What a layer reads of a signal for the samples that it computes."""

    left: int = 0
    """Samples before the first one; zeros at the start of the signal."""
    right: int = 0
    """Samples after the last one; zeros at the end of the signal."""
    wait: int = 0
    """Samples left to later chunks, because a path that will be added is behind."""

    @property
    def past(self) -> int:
        """Samples of earlier chunks that it needs."""
        return self.left + self.right + self.wait


@dataclass(frozen=True)
class History:
    """A signal with samples of earlier chunks in front, as many as one of the `windows` needs."""

    stream: Stream
    windows: tuple[Window, ...]
    state: Value | None = None
    """The samples in front."""
    chunk: Value | None = None
    """The samples of this chunk alone."""

    @property
    def initial(self) -> int:
        """Zeros in front of the first chunk."""
        return max(window.left for window in self.windows)

    @property
    def past(self) -> int:
        """Samples in front of a later chunk."""
        return max(window.past for window in self.windows)

    @property
    def padding(self) -> int:
        """Zeros behind the last chunk."""
        return max(window.right for window in self.windows)

    def map(self, value: Value, encoding: Encoding | None = None) -> "History":
        """The history after a sample-wise operator that keeps zero, or in another encoding."""
        stream = replace(self.stream, value=value, encoding=encoding or self.stream.encoding)
        return replace(self, stream=stream, chunk=None)


class StreamGraph(Graph):
    """A graph whose layers keep their history as states."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.final = self.input("final", [1], np.int64)
        self._started: Value | None = None
        """1 after the first chunk, 0 in it; None as long as no state depends on it."""
        self._indices: dict[tuple[int, int, bool], Value] = {}
        self._zeros: dict[tuple[Any, ...], Value] = {}
        self._encodings: dict[str, dict[str, Any]] = {}

    def stream(self, name: str, channels: int) -> Stream:
        """An input (batch, time, channels)."""
        value = self.input(name, ["batch", f"{name}_time", channels])
        self._batch_size = self.op("Shape", value, start=0, end=1)
        unsqueezed = self.op("Unsqueeze", value, self.integers(1))  # (batch, 1, time, channels)
        return Stream(self.op("Transpose", unsqueezed, perm=[0, 3, 1, 2]), channels)

    def channels_last(self, stream: Stream) -> Value:
        """The signal as (batch, time, channels)."""
        return self.op("Squeeze", self.op("Transpose", stream.value, perm=[0, 2, 3, 1]), self.integers(1))

    def convolve(
        self,
        name: str,
        stream: Stream,
        weight: NDArray[np.float32],
        bias: NDArray[np.float32] | None = None,
        *,
        left: int = 0,
        right: int = 0,
        dilation: int = 1,
        stride: int = 1,
        groups: int = 1,
    ) -> Stream:
        """A convolution with weight (out, in / groups, kernel) and zero padding `left` and `right`."""
        delay = -(-right // stride)
        window = Window(left, right, delay * stride - right)
        value = self.history(name, stream, window).stream.value
        value = self.convolve_window(name, value, weight, bias, dilation=dilation, stride=stride, groups=groups)
        return Stream(value, len(weight), -(-stream.delay // stride) + delay)

    def convolve_window(
        self,
        name: str,
        window: Value,
        weight: NDArray[np.float32],
        bias: NDArray[np.float32] | None = None,
        *,
        dilation: int = 1,
        stride: int = 1,
        groups: int = 1,
        padding: tuple[int, int] = (0, 0),
    ) -> Value:
        """A convolution of (batch, in, 1, time) with weight (out, in / groups, kernel)."""
        parameters = [self.weight(f"{name}.weight", weight[:, :, None, :])]
        if bias is not None:
            parameters.append(self.weight(f"{name}.bias", bias))
        sizes = {"dilations": [1, dilation], "strides": [1, stride], "pads": [0, padding[0], 0, padding[1]]}
        return self.op("Conv", window, *parameters, group=groups, **sizes)

    def add(self, name: str, first: Stream, second: Stream) -> Stream:
        """Sum of two streams of one rate, with the larger delay."""
        ahead, behind = sorted((first, second), key=lambda stream: stream.delay)
        return behind.map(self.align(name, ahead, behind).value + behind.value)

    def align(self, name: str, ahead: Stream, behind: Stream) -> Stream:
        """`ahead` with the delay of `behind`; its surplus is a state."""
        window = Window(wait=behind.delay - ahead.delay)
        value = self.read(self.history(name, ahead, window), window)
        return replace(ahead, value=value, delay=behind.delay)

    def interleave(self, stream: Stream, factor: int) -> Stream:
        """(batch, channels * factor, 1, time) -> (batch, channels, 1, time * factor); c * factor + p is phase p."""
        channels = stream.channels // factor
        value = self.op("Reshape", stream.value, self.integers(0, channels, factor, -1))
        value = self.op("Transpose", value, perm=[0, 1, 3, 2])
        value = self.op("Reshape", value, self.integers(0, channels, 1, -1))
        return Stream(value, channels, stream.delay * factor)

    def history(self, name: str, stream: Stream, *windows: Window) -> History:
        """The signal with its past in front; the end of it is the state `name` of the next chunk."""
        history = History(stream, windows, stream.value)
        if not history.past:
            return history
        encoding, channels = stream.encoding, stream.channels
        past = self._encoded_state(name, stream, history.initial)
        if self._started is None and history.past > history.initial:
            length = self.op("Shape", past, start=encoding.time_axis, end=encoding.time_axis + 1)
            grown = self.op("Sub", length, self.integers(history.initial))
            self._started = self.op("Div", grown, self.integers(history.past - history.initial))
        parts = [past, stream.value]
        if history.padding:
            parts.append(self._final_padding(channels, history.padding, encoding))
        value = self.op("Concat", *parts, axis=encoding.time_axis)
        rest = self._slice(value, self.integers(-history.past), self.integers(INT64_MAX), encoding)
        self.next_state(past.name.removeprefix("state."), rest, encoding.shape(channels, None), encoding.dtype)
        return replace(history, stream=stream.map(value), state=past)

    def read(self, history: History, window: Window) -> Value:
        """One of the windows of a history."""
        encoding = history.stream.encoding
        if window == Window() and history.chunk is not None:
            return history.chunk
        start = history.initial - window.left, history.past - window.past
        end = -window.wait, window.right - history.padding
        if not any((*start, *end)):
            return history.stream.value
        bounds = self._index(*start, at_end=False), self._index(*end, at_end=True)
        return self._slice(history.stream.value, *bounds, encoding)

    def cut(self, history: History, right: int) -> Stream:
        """The new samples of a history from which layers with padding, `right` after a sample, have computed.

        The samples before them were new in an earlier chunk; those after them will be when what they need is there.
        """
        stream, encoding = history.stream, history.stream.encoding
        assert history.state is not None
        length = self.op("Shape", history.state, start=encoding.time_axis, end=encoding.time_axis + 1)
        start = self.op("Max", self.op("Sub", length, self.integers(right)), self.integers(0))
        value = self._slice(stream.value, start, self._index(-right, 0, at_end=True), encoding)
        return replace(stream, value=value, delay=stream.delay + right)

    def _index(self, before: int, after: int, *, at_end: bool) -> Value:
        """A start: `before` in the first chunk, `after` later. Or an end: `before` until the last chunk, `after` in it.

        Ends are negative, relative to the end; 0 is the end itself.
        """
        key = before, after, at_end
        if key not in self._indices:
            flag = self.final if at_end else self._started
            if at_end:
                before, after = (number or BEYOND_END for number in (before, after))
            if before == after or flag is None:
                self._indices[key] = self.integers(before)
            else:
                self._indices[key] = flag * self.integers(after - before) + self.integers(before)
        return self._indices[key]

    def _encoded_state(self, name: str, stream: Stream, initial: int) -> Value:
        """The state of a stream, `initial` zeros at first. Metadata describe it if it is not plain."""
        encoding, channels = stream.encoding, stream.channels
        shapes = encoding.shape(channels, initial), encoding.shape(channels, f"{name}_past")
        if encoding.is_plain:
            return self.state(name, *shapes)
        encoded = f"{name}.{ENCODED}"
        self._encodings[f"state.{encoded}"] = {"state": f"state.{name}", **encoding.description()}
        self.set_metadata(state_encodings=self._encodings)
        return self.state(encoded, *shapes, encoding.dtype)

    def _final_padding(self, channels: int, length: int, encoding: Encoding) -> Value:
        """`length` zeros in the last chunk, none in the others."""
        key = channels, length, encoding.channels_last, encoding.zero
        if key not in self._zeros:
            time = self.final * self.integers(length)
            sizes = {"batch": self._batch_size, 1: self.integers(1), channels: self.integers(channels), None: time}
            shape = self.op("Concat", *(sizes[size] for size in encoding.shape(channels, None)), axis=0)
            fill = numpy_helper.from_array(np.full(1, encoding.zero or 0, encoding.dtype))
            self._zeros[key] = self.op("ConstantOfShape", shape, value=fill)
        return self._zeros[key]

    def _slice(self, value: Value, start: Value, end: Value, encoding: Encoding) -> Value:
        return self.op("Slice", value, start, end, self.integers(encoding.time_axis))
