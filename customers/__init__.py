"""Payers: clients, their saved cards and their consents to automatic charges."""
