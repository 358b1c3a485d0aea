"""A process of its own that takes in one statement: `python -m tests.billing.importer ADDRESS FILE` (started by a
test)."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from billing.statements import Statements
from storage.database import open_database


def main(database_url: str, file: str) -> None:
    database = open_database(database_url)
    statements = Statements(database, lambda: datetime.now(UTC))
    print("ready", flush=True)
    sys.stdin.readline()
    print(statements.take(1, Path(file).read_bytes()).added, flush=True)
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
