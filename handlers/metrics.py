"""`/metrics` for Prometheus, counted in the database at each scrape: right however many processes there are."""

from collections.abc import Iterable, Iterator

from flask import Blueprint, Response, current_app
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from services import Services
from storage.clock import database_now
from storage.model import Bucket, Call, CallConflict, Charge, ChargeAttempt, LedgerCheck, Portal, RestErrorCount, Worker

DUE_STATES = ("accepted", "waiting", "answering")
REQUEST = 1000  # the bucket's level is kept in thousandths of a request

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def metrics() -> Response:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures(current_app.extensions["services"]))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class Figures(Collector):
    """Numbers of all portals together; a portal is named by our own id where it must be."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        with self._services.database.read() as session:
            yield from self._calls(session)
            yield from self._portals(session)
            yield _by_state("payment_robots_charges", "Charges by outcome.", session, Charge.state)
            yield _by_state("payment_robots_charge_attempts", "Attempts by outcome.", session, ChargeAttempt.state)
            yield from self._ledger(session)
            yield self._workers(session)

    def _calls(self, session: Session) -> Iterator[Metric]:
        yield _by_state("payment_robots_calls", "Robot calls by state.", session, Call.state)
        conflicts = session.scalar(select(func.count()).select_from(CallConflict))
        yield GaugeMetricFamily("payment_robots_call_conflicts", "Calls kept and not run.", value=conflicts or 0)
        now = self._services.now()
        oldest = session.scalar(select(func.min(Call.due_at)).where(Call.state.in_(DUE_STATES), Call.due_at <= now))
        age = (now - oldest).total_seconds() if oldest else 0
        yield GaugeMetricFamily("payment_robots_queue_age_seconds", "How long the oldest due call waits.", value=age)

    def _portals(self, session: Session) -> Iterator[Metric]:
        yield _by_state("payment_robots_portals", "Portals by state.", session, Portal.state)
        levels = GaugeMetricFamily("payment_robots_portal_bucket", "Requests in a portal's bucket.", labels=["portal"])
        paused = GaugeMetricFamily("payment_robots_portal_paused", "1 while a portal asks to wait.", labels=["portal"])
        now = database_now(session)
        for bucket, rate in session.execute(select(Bucket, Portal.rate_per_second).join(Portal)):
            leaked = max((now - bucket.as_of).total_seconds(), 0) * rate
            levels.add_metric([str(bucket.portal_id)], max(bucket.level / REQUEST - leaked, 0))
            paused.add_metric([str(bucket.portal_id)], int(bool(bucket.paused_until and bucket.paused_until > now)))
        yield levels
        yield paused
        errors = CounterMetricFamily(
            "payment_robots_rest_errors", "Errors that portals answered with.", labels=["method", "code"]
        )
        counted = select(RestErrorCount.method, RestErrorCount.code, func.sum(RestErrorCount.count))
        for method, code, count in session.execute(counted.group_by(RestErrorCount.method, RestErrorCount.code)):
            errors.add_metric([method, code], count)
        yield errors

    def _ledger(self, session: Session) -> Iterator[Metric]:
        """Nothing before the first check."""
        last = session.scalars(select(LedgerCheck).order_by(LedgerCheck.id.desc()).limit(1)).first()
        if last is None:
            return
        yield GaugeMetricFamily(
            "payment_robots_ledger_problems", "What the last daily check found not sound.", value=last.problems
        )
        age = (self._services.now() - last.checked_at).total_seconds()
        yield GaugeMetricFamily("payment_robots_ledger_checked_seconds", "Since the last daily check.", value=age)

    def _workers(self, session: Session) -> Metric:
        seen = GaugeMetricFamily("payment_robots_worker_seen_seconds", "Since a worker was seen.", labels=["worker"])
        now = self._services.now()
        for name, seen_at in session.execute(select(Worker.name, Worker.seen_at)):
            seen.add_metric([name], (now - seen_at).total_seconds())
        return seen


def _by_state(name: str, text: str, session: Session, state: InstrumentedAttribute[str]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=["state"])
    for row in session.execute(select(state, func.count()).group_by(state)):
        family.add_metric([row[0]], row[1])
    return family
