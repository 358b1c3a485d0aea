"""Calls drawn at random with the answers a second arithmetic expects, one robot a file."""
