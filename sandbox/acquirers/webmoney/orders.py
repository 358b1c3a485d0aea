"""A filled-in form as the service keeps it, found by its ticket and by the shop's number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.webmoney.demo import CURRENCIES
from sandbox.acquirers.webmoney.signatures import form_signature

LARGEST_NUMBER = 2_147_483_647
LONGEST_DESCRIPTION = 255
_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,2})?")


class WrongForm(Exception):
    """What is wrong with a form, for whoever sees its page."""


@dataclass
class Facts:
    """What of an order is only WebMoney's. `begun`: its client has said how they pay, there is an invoice."""

    result_url: str = ""
    success_url: str = ""
    success_method: str = "0"
    fail_url: str = ""
    fail_method: str = "0"
    sim_mode: str = "0"
    own: dict[str, str] = field(default_factory=dict)
    begun: bool = False
    payer_purse: str = ""
    payer_wmid: str = ""
    invoice: str = ""
    transaction: str = ""
    played: bool = False  # in the test mode: nothing moved


def facts_of(order: Order) -> Facts:
    facts: Facts = order.facts["webmoney"]
    return facts


def order_of_form(bank: Bank, form: Mapping[str, str]) -> Order:
    """`form` by names in lower case and ours. Raises WrongForm."""
    purse = form.get("lmi_payee_purse", "")
    if purse not in bank.shops:
        raise WrongForm("Кошелёк продавца не зарегистрирован в сервисе")
    amount, number = form.get("lmi_payment_amount", ""), form.get("lmi_payment_no", "")
    if not _AMOUNT.fullmatch(amount) or not Decimal(amount):
        raise WrongForm("Сумма платежа указана неверно")
    if not number.isdecimal() or not 1 <= int(number) <= LARGEST_NUMBER:
        raise WrongForm("Номер платежа — целое число от 1 до 2147483647")
    _check_signature(bank, purse, amount, number, form.get("lmi_paymentform_sign", ""))
    urls = bank.settings["urls_in_form"]
    facts = Facts(
        result_url=form.get("lmi_result_url", "") if urls else "",
        success_url=form.get("lmi_success_url", "") if urls else "",
        success_method=form.get("lmi_success_method", "0"),
        fail_url=form.get("lmi_fail_url", "") if urls else "",
        fail_method=form.get("lmi_fail_method", "0"),
        sim_mode=form.get("lmi_sim_mode", "0"),
        own={name: text for name, text in form.items() if not name.lower().startswith("lmi_")},
    )
    order = Order(
        purse,
        number,
        str(UUID(int=(0xD31A3F81 << 96) + len(bank.orders) + 1)).upper(),
        int(Decimal(amount).scaleb(2)),
        CURRENCIES[purse[0]],
        bank.now(),
        description=form.get("lmi_payment_desc", "")[:LONGEST_DESCRIPTION],
        facts={"webmoney": facts, "amount": amount},
    )
    bank.orders.append(order)
    return order


def known_to_x18(bank: Bank, purse: str, number: str) -> Order | None:
    """A form that nobody has begun to pay is not there, nor one that was played; of several the paid one is told."""
    begun = [one for one in bank.find(purse, number=number) if facts_of(one).begun and not facts_of(one).played]
    paid = [one for one in begun if one.state == "paid"]
    return next(reversed(paid or begun), None)


def _check_signature(bank: Bank, purse: str, amount: str, number: str, given: str) -> None:
    if not given and not bank.settings["sign_required"]:
        return
    if given.lower() != form_signature(purse, amount, number, bank.shops[purse]["x20_secret"]):
        raise WrongForm("Подпись формы неверна")
