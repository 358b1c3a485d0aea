"""Money: charges, refunds, the ledger, reconciliation; the only room that moves it."""
