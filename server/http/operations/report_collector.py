"""Metrics that are read from a report when they are asked for, so that what they describe costs nothing meanwhile."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from server.errors import SpeechError

_log = logging.getLogger(__name__)

T = TypeVar("T")

Value: TypeAlias = float | Mapping[str, float] | Mapping[tuple[str, str], float] | None
"""Of a metric without labels, or by the values of its labels. None: not known, no sample."""


@dataclass(frozen=True, slots=True)
class Measure(Generic[T]):
    """One metric, and how it is read from a report. The name of a total ends in `_total`."""

    name: str
    documentation: str
    read: Callable[[T], Value]
    labels: tuple[str, ...] = ()

    def family(self, report: T | None) -> Metric:
        """The metric with its samples; without a report it has none."""
        kind = CounterMetricFamily if self.name.endswith("_total") else GaugeMetricFamily
        family = kind(self.name, self.documentation, labels=self.labels)
        for labels, value in _samples(None if report is None else self.read(report)):
            family.add_metric(labels, value)
        return family


@dataclass(frozen=True, slots=True)
class SizeMeasure(Generic[T]):
    """A histogram of whole numbers, from a report that counts each of them."""

    name: str
    documentation: str
    read: Callable[[T], Mapping[int, int]]
    buckets: tuple[int, ...]
    labels: tuple[str, ...] = ()

    def family(self, report: T | None) -> Metric:
        """The metric with its samples; without a report it has none."""
        family = HistogramMetricFamily(self.name, self.documentation)
        if report is not None:
            sizes = self.read(report)
            counts = [
                (str(float(limit)), sum(count for size, count in sizes.items() if size <= limit))
                for limit in self.buckets
            ]
            total = sum(size * count for size, count in sizes.items())
            family.add_metric((), [*counts, ("+Inf", sum(sizes.values()))], total)
        return family


class ReportCollector(Collector, Generic[T]):
    """The metrics of a component. `report` is called in a thread; None: there is nothing to report yet."""

    def __init__(self, report: Callable[[], T | None], measures: Sequence[Measure[T] | SizeMeasure[T]]) -> None:
        self._report = report
        self._measures = measures

    def describe(self) -> Iterable[Metric]:
        """The metrics without samples, so that no name is used twice."""
        return [measure.family(None) for measure in self._measures]

    def collect(self) -> Iterable[Metric]:
        """The metrics. A report that fails is logged, and its metrics have no samples: the others are still told."""
        try:
            report = self._report()
            return [measure.family(report) for measure in self._measures]
        except SpeechError as error:  # such as a store that is away
            _log.warning("the metrics %s ... cannot be read: %s", self._measures[0].name, error)
        except Exception:  # noqa: BLE001 - logged; a metric must not hide the others
            _log.exception("the metrics %s ... cannot be read", self._measures[0].name)
        return self.describe()


def _samples(value: Value) -> Iterable[tuple[Sequence[str], float]]:
    if isinstance(value, Mapping):
        return [((labels,) if isinstance(labels, str) else labels, each) for labels, each in value.items()]
    return [] if value is None else [((), value)]
