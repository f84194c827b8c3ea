"""Samples in Prometheus' text form.

Takes samples of a data set, gives bytes. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from apod_pipeline.extras.metrics.names import METRICS, Sample


class _Collected(Collector):
    """Samples by data set, a family each metric."""

    def __init__(self, told: Mapping[str, Iterable[Sample]]) -> None:
        self._told = [(dataset, sample) for dataset, samples in told.items() for sample in samples]

    def collect(self) -> Iterator[Family]:
        """Every metric of which there is a sample."""
        for name, metric in METRICS.items():
            made = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            family = made(name, metric.meaning, labels=["dataset", *metric.labels])
            for dataset, sample in self._told:
                if sample.name == name:
                    family.add_metric([dataset, *sample.labels], sample.value)
            if family.samples:
                yield family


def exposed(told: Mapping[str, Iterable[Sample]]) -> bytes:
    """Samples, by the data set that they are of, as Prometheus reads them."""
    registry = CollectorRegistry()
    registry.register(_Collected(told))
    return generate_latest(registry)
