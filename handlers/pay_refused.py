"""What a client reads at `/pay/...` where there is no payment to show: in their words, on a page like the others."""

from collections.abc import Mapping
from types import MappingProxyType

from flask import Response, make_response, render_template, request

from handlers.client_language import client_language
from schemas.declaration import Words

TITLE = Words("Оплата", "Payment")
NO_SUCH_LINK = Words(
    "Ссылка не найдена: возможно, скопирована не целиком. Попросите компанию прислать её ещё раз.",
    "The link was not found: perhaps it was not copied whole. Ask the company to send it again.",
)
NOT_UNDERSTOOD = Words(
    "Запрос не понят, деньги не списаны. Откройте ссылку на оплату ещё раз и выберите, как заплатить.",
    "The request was not understood and nothing was taken. Open the link of the payment again and choose how to pay.",
)
FROM_ELSEWHERE = Words(
    "Запрос пришёл не с нашей страницы: ничего не сделано, деньги не списаны. Откройте ссылку на оплату ещё раз.",
    "The request did not come from our page: nothing was done or taken. Open the link of the payment again.",
)
BROKEN = Words(
    "На нашей стороне что-то сломалось. Если вы уже платили, не платите второй раз: откройте ссылку через минуту. Не "
    "получится — сообщите компании номер {reference}.",
    "Something broke on our side. If you have paid, do not pay again: open the link in a minute. If that fails, tell "
    "the company the number {reference}.",
)
SPECIAL: Mapping[int, Words] = MappingProxyType({403: FROM_ELSEWHERE, 404: NO_SUCH_LINK})


def is_for_clients() -> bool:
    """Whether the request under way is for a page of payment, also where no such page is."""
    return f"{request.path}/".startswith("/pay/")


def pay_refused(status: int, reference: str) -> Response:
    language = client_language()
    words = SPECIAL.get(status, NOT_UNDERSTOOD if status < 500 else BROKEN)
    text = words.in_language(language).format(reference=reference)
    page = render_template("refused.html", title=TITLE.in_language(language), language=language, text=text)
    return make_response(page, status)
