"""A worker that races with others for many charges: `python -m tests.interleavings.worker ARGUMENTS...`.

It asks for charges in an order of its own and ends itself at a labelled step when chance says so; another one, with
nothing of it but the database, takes its place.
"""

import os
import sys
from pathlib import Path
from random import Random

from billing.charges import Charging
from billing.orders import ChargeOrder
from calculations.refusal import Refusal
from gateways import open_gateways
from storage.database import open_database
from storage.vault import Vault
from tests.grid.letters import PUBLIC_URL
from tests.interleavings.shared import SharedClock, orders_of
from tests.rethrown import nothing_passed_over

KILLS = 0.002
ENDED_ITSELF = 9


def main(database_url: str, vault_key: str, code: str, address: str, folder: str, seed: str) -> None:
    """Lives of one worker, each a process of its own; a fork has what they all import."""
    chance, clock = Random(seed), SharedClock(Path(folder))
    database = open_database(database_url)
    orders = orders_of(database)
    database.close()
    while clock.faults_on:
        life = chance.getrandbits(32)
        child = os.fork()
        if not child:
            with nothing_passed_over():
                _live(Random(life), clock, orders, database_url, vault_key, code, address)
            os._exit(0)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if ended == ENDED_ITSELF:
            clock.count_kill()
        elif ended:
            sys.exit(f"a worker ended by an error of its own: {ended}")


def _live(
    chance: Random,
    clock: SharedClock,
    orders: list[ChargeOrder],
    database_url: str,
    vault_key: str,
    code: str,
    address: str,
) -> None:
    def step(_name: str) -> None:
        if clock.faults_on and chance.random() < KILLS:
            os._exit(ENDED_ITSELF)

    gateways = open_gateways({code: address}, lambda: clock().timestamp())
    database = open_database(database_url)
    charging = Charging(database, Vault([vault_key]), gateways, clock, step, PUBLIC_URL)
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
