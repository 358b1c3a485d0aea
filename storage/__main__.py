"""`python -m storage MESSAGE`: write the migration from the last version to the model as it stands now."""

import sys
import tempfile

from storage.migrate import upgrade, write_migration

if len(sys.argv) != 2:
    sys.exit("say in a few words what the migration changes: python -m storage 'add refunds'")
with tempfile.TemporaryDirectory() as folder:
    url = f"sqlite:///{folder}/last_version.db"
    upgrade(url)
    write_migration(url, sys.argv[1])
