"""One file an acquirer: see tests/grid/stage.py."""
