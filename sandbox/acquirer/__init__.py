"""The acquirer of the `sandbox` gateway: saved cards whose tokens say what will happen to a charge."""
