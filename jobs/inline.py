"""An engine without a memory: runs in threads of this process, for tests and simulation."""

from concurrent.futures import ThreadPoolExecutor

from jobs.counting import Counted
from jobs.engine import Job


class InlineEngine:
    def __init__(self, job: Job, slots: int) -> None:
        self._job = Counted(job)
        self._threads = ThreadPoolExecutor(slots, thread_name_prefix="run")
        self._started: set[str] = set()

    def start(self, job_id: str, subject_id: int, run: int) -> None:
        if job_id in self._started:
            return
        self._started.add(job_id)
        self._job.begin(subject_id, run)
        self._threads.submit(self._job, subject_id, run)

    @property
    def under_way(self) -> frozenset[tuple[int, int]]:
        return self._job.under_way

    def wait_until_idle(self, seconds: float) -> bool:
        return self._job.wait_until_idle(seconds)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
