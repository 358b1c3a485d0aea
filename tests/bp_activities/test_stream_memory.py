"""A stream of calls takes no more memory the longer it is."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
MEASURED = """
import resource, sys
from bp_activities.__main__ import main
main(["invoke", "--jsonl"])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""
SHORT, LONG = 1_000, 10_000
ROOM_KB = 4_000  # pages of the interpreter's own; ten thousand answers kept would take many times that


def streamed(count: int) -> tuple[int, int]:
    """How many lines were answered, and the most memory it took, in KB."""
    line = {"code": "split_invoice", "properties": {"amount": "1000", "parts": "12"}, "today": "2026-10-01"}
    lines = ("broken {" if number % 500 == 7 else json.dumps({"id": number, **line}) for number in range(count))
    done = subprocess.run(
        [sys.executable, "-c", MEASURED],
        cwd=ROOT,
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=True,
    )
    return len(done.stdout.splitlines()), int(done.stderr)


def test_ten_times_the_lines_take_the_same_memory() -> None:
    short, long = streamed(SHORT), streamed(LONG)
    assert (short[0], long[0]) == (SHORT, LONG)
    assert long[1] - short[1] < ROOM_KB
