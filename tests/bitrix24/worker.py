"""A worker process's share of a burst: submits its commands at once and says what became of each.

`python -m tests.bitrix24.worker DATABASE PORTAL_ID CLIENT_ID CLIENT_SECRET OAUTH_URL FIRST COUNT`
"""

import json
import random
import sys
import time

from bitrix24.errors import RestError
from bitrix24.oauth import App
from bitrix24.portals import Portals
from storage.database import open_database
from storage.vault import Vault
from tests.bitrix24.wiring import KEY, wall_clock


def main(database: str, portal_id: str, client_id: str, secret: str, oauth_url: str, first: str, count: str) -> None:
    portals = Portals(
        open_database(database),
        Vault([KEY]),
        App(client_id, secret, oauth_url),
        local=True,
        user_agent=f"worker-{first}",
        now=wall_clock,
        elapsed=time.monotonic,
        random=random.random,
    )
    client = portals.open(int(portal_id))
    numbers = range(int(first), int(first) + int(count))
    futures = {number: client.submit("crm.item.get", {"entityTypeId": 2, "id": number}) for number in numbers}
    outcomes: dict[int, str] = {}
    for number, future in futures.items():
        try:
            outcomes[number] = future.result(120)["item"]["title"]
        except RestError as error:
            outcomes[number] = type(error).__name__
    portals.close()
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main(*sys.argv[1:])
