"""A process of its own that asks for one charge: `python -m tests.billing.racer ADDRESS...` (started by a test)."""

import sys
import time
from datetime import UTC, datetime

from billing.charges import Charging
from billing.orders import ChargeOrder
from calculations.money import Money
from gateways import open_gateways
from storage.database import open_database
from storage.vault import Vault


def main(database_url: str, vault_key: str, acquirer: str, call_id: str) -> None:
    database = open_database(database_url)
    gateways = open_gateways({"sandbox": acquirer}, time.monotonic)
    charging = Charging(database, Vault([vault_key]), gateways, lambda: datetime.now(UTC))
    order = ChargeOrder(
        portal_id=1,
        key="due:D_5",
        call_id=int(call_id),
        document="D_5",
        customer="C_5",
        amount=Money(2_500_000, "RUB"),
        description="Payment 1 of 4",
        saved_card="1111",
    )
    print("ready", flush=True)
    sys.stdin.readline()
    print(charging.charge(order).status, flush=True)
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
