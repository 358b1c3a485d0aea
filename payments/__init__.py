"""The plan in the CRM: splits, schedules, debts, due dates, and the items and invoices that show them."""
