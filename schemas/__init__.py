"""Shapes that two or more rooms share."""
