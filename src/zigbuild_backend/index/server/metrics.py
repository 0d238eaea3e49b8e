"""Metrics for Prometheus: counters are plain integers, and rendered only when they are requested."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Upper bounds of the histogram's buckets, in seconds."""


@dataclass(frozen=True)
class Gauge:
    """A value that is read when metrics are requested; ``values`` is one number, or a mapping by the label ``kind``."""

    name: str
    help: str
    values: float | Mapping[str, float]


@dataclass
class _RouteCounters:
    """The counters of one kind of request."""

    bytes: int = 0
    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    buckets: list[int] = field(default_factory=lambda: [0] * (len(_BOUNDS) + 1))


class Metrics:
    """The counters of the server."""

    def __init__(self) -> None:
        self.hits = 0
        """Requests for files that were held; changed in the event loop only, as ``misses`` is."""
        self.misses = 0
        """Requests for files that had to be recreated."""
        self._routes: dict[str, _RouteCounters] = {}
        self._recreations: Counter[str] = Counter()
        self._guard = threading.Lock()

    def count_request(self, route: str, status: int, size: int, seconds: float) -> None:
        """Count a request; *size* is that of the body in bytes. Called in the event loop only."""
        known = self._routes.get(route)
        if known is None:
            known = self._routes[route] = _RouteCounters()
        known.bytes += size
        known.seconds += seconds
        known.statuses[status] += 1
        known.buckets[bisect_left(_BOUNDS, seconds)] += 1

    def count_recreation(self, kind: str) -> None:
        """Count the outcome of a recreation. Thread-safe."""
        with self._guard:
            self._recreations[kind] += 1

    def list_families(self) -> Iterable[Metric]:
        """Return all counters as metric families of Prometheus."""
        requests = CounterMetricFamily("zigbuild_requests", "Requests.", labels=["route", "status"])
        sent = CounterMetricFamily("zigbuild_response_bytes", "Bytes of the bodies of responses.", labels=["route"])
        seconds = HistogramMetricFamily("zigbuild_request_seconds", "How long requests took.", labels=["route"])
        for name, route in list(self._routes.items()):
            for status, count in list(route.statuses.items()):
                requests.add_metric([name, str(status)], count)
            sent.add_metric([name], route.bytes)
            seconds.add_metric([name], _accumulate(route.buckets), route.seconds)
        recreations = CounterMetricFamily(
            "zigbuild_recreations", "Recreations of files that were not held, by outcome.", labels=["kind"]
        )
        for kind, count in list(self._recreations.items()):
            recreations.add_metric([kind], count)
        hits = CounterMetricFamily("zigbuild_hits", "Requests for files that were held.", self.hits)
        misses = CounterMetricFamily("zigbuild_misses", "Requests for files that had to be recreated.", self.misses)
        return requests, sent, seconds, recreations, hits, misses


class Exposition(Collector):
    """Renders *metrics*, the gauges that *read_gauges* yields, and the metrics of the process."""

    def __init__(self, metrics: Metrics, read_gauges: Callable[[], Iterable[Gauge]]) -> None:
        self._metrics = metrics
        self._read_gauges = read_gauges
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def render(self) -> bytes:
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        yield from self._metrics.list_families()
        for gauge in self._read_gauges():
            if isinstance(gauge.values, Mapping):
                family = GaugeMetricFamily(gauge.name, gauge.help, labels=["kind"])
                for kind, value in gauge.values.items():
                    family.add_metric([kind], value)
                yield family
            else:
                yield GaugeMetricFamily(gauge.name, gauge.help, gauge.values)


def _accumulate(buckets: list[int]) -> list[tuple[str, float]]:
    total, rows = 0, []
    for bound, count in zip((*map(str, _BOUNDS), "+Inf"), buckets, strict=True):
        total += count
        rows.append((bound, float(total)))
    return rows
