"""Operators' commands, one group a file; each module has its click group under the name `group`."""
