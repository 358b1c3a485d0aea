"""A worker that races with others for many charges: `python -m tests.interleavings.worker ARGUMENTS...`.

It asks for charges in an order of its own and ends itself at a labelled step when chance says so.
"""

import os
import sys
from pathlib import Path
from random import Random

from billing.charges import Charging
from calculations.refusal import Refusal
from gateways import open_gateways
from storage.database import open_database
from storage.vault import Vault
from tests.grid.letters import PUBLIC_URL
from tests.interleavings.shared import SharedClock, orders_of

KILLS = 0.002


def main(database_url: str, vault_key: str, code: str, address: str, folder: str, seed: str) -> None:
    chance, clock = Random(seed), SharedClock(Path(folder))

    def step(_name: str) -> None:
        if clock.faults_on and chance.random() < KILLS:
            os._exit(9)

    gateways = open_gateways({code: address}, lambda: clock().timestamp())
    database = open_database(database_url)
    charging = Charging(database, Vault([vault_key]), gateways, clock, step, PUBLIC_URL)
    orders = orders_of(database)
    chance.shuffle(orders)
    while clock.faults_on:
        for order in orders:
            if chance.random() < 0.1:
                charging.look_up_due()
                charging.retry_due()
            try:
                charging.charge(order)
            except Refusal:
                continue
            if not clock.faults_on:
                break
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
