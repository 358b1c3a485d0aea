"""The catalogue: every robot found in this folder; dropping the file in is the registration."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

import bp_activities
from bp_activities._declaration import Robot

ACTIVITY_SUFFIX = "_activity"


@cache
def catalogue() -> Mapping[str, Robot]:
    """Robots by code, in the order of their files' names."""
    found: dict[str, Robot] = {}
    for module in pkgutil.iter_modules(bp_activities.__path__):
        if module.name.startswith("_"):
            continue
        for value in vars(importlib.import_module(f"bp_activities.{module.name}")).values():
            if isinstance(value, Robot):
                found[value.code] = value
    return found


def robot_of(code: str) -> Robot | None:
    """The robot a call names: by its own code, or by its code as a business-process activity."""
    return catalogue().get(code) or catalogue().get(code.removesuffix(ACTIVITY_SUFFIX))
