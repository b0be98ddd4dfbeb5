"""What Prometheus reads. Labels are schedules, outcomes, statuses and severities: no resource, no account, no secret.

Counters count what this daemon did since it was started. Everything else is read from the store when it is asked for; the
findings are counted again only when the log has grown.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

import prometheus_client
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from daemon.settings import Schedule
from evidence_store.database import Store
from evidence_store.errors import StoreError
from evidence_store.firings import Standing
from evidence_store.note import Checkpoint
from evidence_store.records import Severity, Status

OUTCOMES = ("complete", "incomplete", "failed", "timeout", "interrupted", "missed")
_SECONDS = (1, 5, 15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600)
CONTENT_TYPE = prometheus_client.CONTENT_TYPE_LATEST


class Metrics:
    """The registry, and the tally of runs."""

    def __init__(self, version: str, schedules: Collection[str], seen: Collector) -> None:
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # a series for each series, that nobody reads
        self._registry = CollectorRegistry(auto_describe=False)
        self._runs = prometheus_client.Counter(
            "annexa_runs", "Runs by how they ended, and due times that were missed", ("schedule", "outcome"),
            registry=self._registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "annexa_run_seconds", "How long runs took", ("schedule",), buckets=_SECONDS, registry=self._registry
        )
        self._shown: frozenset[str] = frozenset()
        self.follow(schedules)
        prometheus_client.Info("annexa_build", "What is running", registry=self._registry).info({"version": version})
        prometheus_client.ProcessCollector(registry=self._registry)
        self._registry.register(seen)

    def follow(self, schedules: Collection[str]) -> None:
        """Count for these schedules. Those that were counted for go on; one that left the configuration has no series."""
        for name in self._shown.difference(schedules):
            self._seconds.remove(name)
            for outcome in OUTCOMES:
                self._runs.remove(name, outcome)
        self._shown = frozenset(schedules)
        for name in self._shown:
            self._seconds.labels(name)
            for outcome in OUTCOMES:
                self._runs.labels(name, outcome)

    def ended(self, schedule: str, outcome: str, seconds: float) -> None:
        """A run ended."""
        if schedule in self._shown:
            self._runs.labels(schedule, outcome).inc()
            self._seconds.labels(schedule).observe(seconds)

    def missed(self, schedule: str, count: int) -> None:
        """Due times were missed."""
        if schedule in self._shown:
            self._runs.labels(schedule, "missed").inc(count)

    def page(self) -> bytes:
        """The text format."""
        return prometheus_client.generate_latest(self._registry)


class Seen(Collector):
    """What the store says, as gauges."""

    def __init__(
        self,
        store: Store,
        schedules: Callable[[], Mapping[str, Schedule]],
        running: Callable[[], str | None],
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._schedules = schedules
        self._running = running
        self._clock = clock
        self._counted: tuple[int, Counter[tuple[Status, Severity]], int] | None = None

    def collect(self) -> Iterator[Any]:
        """Every gauge; only `annexa_store_up` where the store cannot be read."""
        up = GaugeMetricFamily("annexa_store_up", "Whether the store can be read")
        try:
            gauges = [*self._of_schedules(), *self._of_store(), *self._of_findings()]
            up.add_metric([], 1)
        except StoreError:
            gauges = []
            up.add_metric([], 0)
        yield up
        yield from gauges

    def _of_schedules(self) -> Iterator[GaugeMetricFamily]:
        due = GaugeMetricFamily("annexa_next_due_timestamp_seconds", "When a schedule is due next", labels=["schedule"])
        sealed = GaugeMetricFamily(
            "annexa_last_success_timestamp_seconds", "When the last run of a schedule was sealed", labels=["schedule"]
        )
        running = GaugeMetricFamily("annexa_run_under_way", "Whether this daemon makes the run just now", labels=["schedule"])
        standings = {s.name: s for s in self._store.firings.standings()}
        for name, schedule in self._schedules().items():
            standing: Standing | None = standings.get(name)
            settled = standing.settled if standing else self._clock()
            due.add_metric([name], schedule.timing.after(settled).timestamp())
            running.add_metric([name], self._running() == name)
            if standing and standing.sealed_at:
                sealed.add_metric([name], standing.sealed_at.timestamp())
        yield from (due, sealed, running)

    def _of_store(self) -> Iterator[GaugeMetricFamily]:
        checkpoint: Checkpoint | None = self._store.checkpoint()
        yield GaugeMetricFamily("annexa_log_entries", "Entries of the log", value=self._store.size)
        yield GaugeMetricFamily(
            "annexa_checkpoint_size", "Entries under the last checkpoint", value=checkpoint.size if checkpoint else 0
        )
        yield GaugeMetricFamily("annexa_store_bytes", "Room that the store takes", value=self._store.bytes)
        waiting = self._store.firings.pending()
        yield GaugeMetricFamily("annexa_missed_unrecorded", "Entries about missed runs that wait for the log", value=waiting)

    def _of_findings(self) -> Iterator[GaugeMetricFamily]:
        run = self._store.run_at()
        if run is None:
            return
        if self._counted is None or self._counted[0] != run.leaf:
            counts: Counter[tuple[Status, Severity]] = Counter()
            for count in self._store.finding_counts(at=run.leaf):
                counts[count.status, count.severity] += count.count
            self._counted = (run.leaf, counts, int(run.outcome.get("blind") or 0))
        _, counts, blind = self._counted
        findings = GaugeMetricFamily("annexa_findings", "Findings as of the last sealed run", labels=["status", "severity"])
        for status in Status:
            for severity in Severity:
                findings.add_metric([status, severity], counts[status, severity])
        yield findings
        yield GaugeMetricFamily("annexa_unread", "What the last sealed run could not read and no exception covers", value=blind)
        last = GaugeMetricFamily("annexa_last_run_timestamp_seconds", "When the last run, by whomever, was sealed")
        last.add_metric([], run.finished.timestamp())
        yield last
