"""The shop's cabinet: the page of its registers, and each register as a file."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sandbox.acquirers.bank import Bank
from sandbox.acquirers.yookassa.registers import days_of, register
from sandbox.acquirers.yookassa.templating import html_page

TITLES = {"payments": "Платежи", "refunds": "Возвраты"}

_FILE = re.compile(r"(payments|refunds)-(\d{4}-\d\d-\d\d)\.csv")


def cabinet_answer(bank: Bank, path: str) -> Response:
    """`<shop>` lists the days, `<shop>/payments-2026-01-31.csv` and `<shop>/refunds-...` are their registers."""
    shop, _, name = path.partition("/")
    if shop not in bank.shops:
        raise NotFound("Такого магазина нет")
    if not name:
        days = {kind: days_of(bank, shop, kind) for kind in TITLES}
        return html_page("cabinet.html", shop=shop, titles=TITLES, days=days)
    kind, day = _wanted(name)
    text = register(bank, shop, kind, day)
    return Response(text.encode(bank.settings["register_encoding"], "replace"), content_type="text/csv")


def _wanted(name: str) -> tuple[str, date]:
    found = _FILE.fullmatch(name)
    if found:
        with suppress(ValueError):
            return found[1], date.fromisoformat(found[2])
    raise NotFound("Такого реестра нет")
