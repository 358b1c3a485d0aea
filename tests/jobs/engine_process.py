"""A process with a durable engine: `python -m tests.jobs.engine_process DATABASE EXECUTOR [SUBJECT ...]`.

Starts a run for each subject and writes a line as each run begins; runs of even subjects never end. Ends when its
standard input does.
"""

import os
import sys
import threading

from jobs.durable import DurableEngine


def job(subject_id: int, run: int) -> None:
    say(f"run {subject_id} {run}")
    if subject_id % 2 == 0:
        threading.Event().wait()


def say(line: str) -> None:
    os.write(sys.stdout.fileno(), f"{line}\n".encode())  # at once: two threads' lines must not mix


def main(database_url: str, executor_id: str, *subjects: str) -> None:
    engine = DurableEngine(database_url, executor_id, job, 8)
    for subject in subjects:
        engine.start(f"call-{subject}-1", int(subject), 1)
    say("started")
    sys.stdin.read()
    engine.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
