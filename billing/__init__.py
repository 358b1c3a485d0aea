"""Money: charges, refunds, the ledger, dunning, reconciliation; the only room that moves it."""
