"""Work on many things, one by one: what goes wrong with one of them keeps no other from its turn."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)


@contextmanager
def passing_over(what: str) -> Iterator[None]:
    """A failure that no code of ours expects is logged, and the work goes on after it."""
    try:
        yield
    except Exception:
        log.exception("%s failed: it is passed over for now", what)
