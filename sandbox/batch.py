"""The batch method: up to fifty commands in one hit, each with its own result, able to use earlier results."""

from __future__ import annotations

import re
import time
from typing import Any

from sandbox.call import Caller, Page, as_map, yes
from sandbox.command import envelope_time, perform
from sandbox.encoding import parse_query
from sandbox.errors import RestError
from sandbox.history import Entry
from sandbox.portal import Portal
from sandbox.world import World

LONGEST = 50
_REFERENCE = re.compile(r"\$result((?:\[[^\]]*\])+)")
_KEY = re.compile(r"\[([^\]]*)\]")


def inner_methods(params: dict[str, Any]) -> list[str]:
    """The methods a batch names, for faults that wait for one of them."""
    cmd = params.get("cmd")
    commands = cmd.values() if isinstance(cmd, dict) else cmd if isinstance(cmd, list) else []
    return [str(command).partition("?")[0].lower() for command in commands]


def run_batch(world: World, portal: Portal, caller: Caller, params: dict[str, Any], entry: Entry) -> dict[str, Any]:
    """Results, errors, totals, next pages and times by the commands' keys; an empty map is `[]` as PHP writes it."""
    commands = as_map(params.get("cmd"), "cmd")
    if len(commands) > LONGEST:
        raise RestError(400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
    halt = yes(params.get("halt"))
    results: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    totals: dict[str, Any] = {}
    following: dict[str, Any] = {}
    times: dict[str, Any] = {}
    for key, text in commands.items():
        method, _, query = str(text).partition("?")
        method = method.strip().lower().removesuffix(".json")
        started = time.perf_counter()
        try:
            result = _run(world, portal, caller, method, query, results)
        except RestError as error:
            errors[key] = error.body()
            entry.commands.append((key, method, str(error.code or error.description)))
            if halt:
                break
            continue
        entry.commands.append((key, method, ""))
        page = result if isinstance(result, Page) else Page(result)
        results[key] = page.result
        if page.total is not None:
            totals[key] = page.total
        if page.following is not None:
            following[key] = page.following
        times[key] = envelope_time(world, portal, caller, method, started)
    return {
        "result": php_array(results),
        "result_error": php_array(errors),
        "result_total": php_array(totals),
        "result_next": php_array(following),
        "result_time": php_array(times),
    }


def php_array(values: dict[str, Any]) -> dict[str, Any] | list[Any]:
    """A map as PHP would encode it: keys 0..n-1 in order make a list, and nothing makes an empty list."""
    if all(key == str(index) for index, key in enumerate(values)):
        return list(values.values())
    return values


def _run(world: World, portal: Portal, caller: Caller, method: str, query: str, results: dict[str, Any]) -> Any:
    if method == "batch":
        raise RestError(405, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")
    params = parse_query(query, int(portal.switch("form_fields")))
    params.pop("auth", None)
    if "$result" in query or "%24result" in query:
        params = {key: _resolve(value, results) for key, value in params.items()}
    result, _ = perform(world, portal, caller, method, params)
    return result


def _resolve(value: Any, results: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {_text(key, results): _resolve(item, results) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolve(item, results) for item in value]
    if not isinstance(value, str) or "$result" not in value:
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return _follow(whole[1], results)
    return _text(value, results)


def _text(value: str, results: dict[str, Any]) -> str:
    return _REFERENCE.sub(lambda found: _scalar(_follow(found[1], results)), value)


def _scalar(value: Any) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _follow(path: str, results: dict[str, Any]) -> Any:
    node: Any = results
    for key in _KEY.findall(path):
        if isinstance(node, dict):
            node = node.get(key)
        elif isinstance(node, list) and key.isdigit() and int(key) < len(node):
            node = node[int(key)]
        else:
            return None
    return node
