"""Methods about the portal and the app itself: app.info, scope, feature.get, server.time, currencies and the like."""

from __future__ import annotations

from typing import Any

from sandbox.call import Call
from sandbox.errors import bad_argument
from sandbox.kinds import fixed_kinds

_NAMES = {"RUB": "Российский рубль", "USD": "Доллар США", "EUR": "Евро", "KZT": "Тенге", "BYN": "Белорусский рубль"}
_OWNER_NAMES = {1: "Лид", 2: "Сделка", 3: "Контакт", 4: "Компания", 7: "Предложение", 31: "Счёт"}
ALL_SCOPES = ("bizproc", "crm", "im", "imnotify", "placement", "user", "user_basic", "user_brief", "userfieldconfig")


def app_info(call: Call) -> Any:
    """app.info as a portal answers it; the OAuth host's own says who the token belongs to."""
    licence = "ent250" if call.portal.traits.enterprise else "basic"
    language = call.portal.traits.language
    installation = call.caller.installation
    if installation is None:
        return {"SCOPE": list(ALL_SCOPES), "LICENSE": f"{language}_{licence}"}
    return {
        "ID": 5,
        "CODE": installation.app.client_id,
        "VERSION": installation.version,
        "STATUS": installation.status,
        "INSTALLED": installation.finished,
        "PAYMENT_EXPIRED": "N",
        "DAYS": None,
        "LANGUAGE_ID": language,
        "LICENSE": f"{language}_{licence}",
        "LICENSE_TYPE": licence,
        "LICENSE_FAMILY": "ent" if call.portal.traits.enterprise else "basic",
    }


def scope(call: Call) -> Any:
    """scope: the caller's own, or all there are with `full`."""
    if call.params.get("full") or call.caller.installation is None:
        return list(ALL_SCOPES)
    return list(call.caller.installation.app.scopes)


def feature(call: Call) -> Any:
    """feature.get: none of the features it can be asked about is here (offline events, auth_connector)."""
    code = str(call.upper().get("CODE") or "")
    if not code:
        raise bad_argument("Could not find value for parameter {CODE}")
    return {"value": "N"}


def server_time(call: Call) -> Any:
    """server.time"""
    return call.portal.local(call.world.clock.now()).isoformat(timespec="seconds")


def currencies(call: Call) -> Any:
    """crm.currency.list"""
    base = call.portal.traits.currency
    return [
        {
            "CURRENCY": code,
            "AMOUNT_CNT": "1",
            "AMOUNT": "1.0000" if code == base else "80.0000",
            "SORT": str(100 * number),
            "BASE": "Y" if code == base else "N",
            "FULL_NAME": _NAMES.get(code, code),
            "LID": call.portal.traits.language,
            "DECIMALS": "2",
        }
        for number, code in enumerate(dict.fromkeys([base, *_NAMES]), start=1)
    ]


def base_currency(call: Call) -> Any:
    """crm.currency.base.get"""
    return call.portal.traits.currency


def owner_types(call: Call) -> Any:
    """crm.enum.ownertype"""
    fixed = [(kind, _OWNER_NAMES[kind.entity_type_id]) for kind in fixed_kinds()]
    dynamic = [(call.portal.kind(number), one.title) for number, one in call.portal.crm.types.items()]
    return [
        {
            "ID": kind.entity_type_id,
            "NAME": name,
            "SYMBOL_CODE": kind.name,
            "SYMBOL_CODE_SHORT": kind.letter,
        }
        for kind, name in [*fixed, *dynamic]
    ]
