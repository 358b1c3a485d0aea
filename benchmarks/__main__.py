"""`make bench`: every measurement in one JSON object, each beside what it is compared to in the same run."""

import json
import subprocess
import sys

MEASUREMENTS = ("accepts", "burst", "schedules", "restart")


def main() -> None:
    report = {}
    for name in MEASUREMENTS:
        print(f"measuring {name} …", file=sys.stderr)
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}"], check=True, stdout=subprocess.PIPE, text=True
        )
        report[name] = json.loads(done.stdout)
    print(json.dumps(report, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
