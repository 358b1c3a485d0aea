"""Numbers as people type them, as far as every database of ours counts."""

import click

NUMBER = click.IntRange(min=0, max=2**63 - 1)
"""That of a row."""

COUNT = click.IntRange(min=1, max=2**31 - 1)
"""How many."""
