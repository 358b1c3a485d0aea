"""Arithmetic: money, splits, dates, plans, debt; pure functions on exact integers."""
