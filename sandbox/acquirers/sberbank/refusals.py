"""What Sberbank refuses with: errorCodes of requests, and actionCodes of orders with the words it says to them."""

from __future__ import annotations

DONE = "Обработка запроса прошла без системных ошибок"
NO_ACCESS = ("5", "Доступ запрещен")
FORBIDDEN = ("5", "Операция запрещена")
BAD_VALUE = ("5", "Error, value of the request parameter")
MISSING = ("4", "В запросе не передан обязательный параметр или передан некорректный обязательный параметр")
DUPLICATE = ("1", "Заказ с таким номером уже обработан")
WRONG_BINDING = ("1", "Заказ не может быть оплачен данной связкой")
NO_BINDING = ("1", "Связка не найдена")
NO_BINDING_RBS = ("2", "Связка не найдена")
INACTIVE_BINDING = ("2", "Связка неактивна")
ACTIVE_BINDING = ("2", "Связка активна")
NO_BINDINGS = ("2", "Информация не найдена")
DISABLED_BINDING = ("15", "Связка деактивирована клиентом")
NO_CURRENCY = ("3", "Не найдена валюта с кодом:")
NO_ORDER = ("6", "Заказ не найден")
WRONG_STATE = ("5", "Неверный статус заказа")
WRONG_SUM = ("5", "Неверная сумма")
EXPIRED = ("5", "Срок жизни заказа истек")
NO_TRIES = ("5", "Превышено допустимое количество попыток оплаты")
LOCKED = ("5", "Невозможно оплатить заказ - заблокирован другим действием")
REVERSED_ONCE = ("5", "Нельзя провести частичную отмену более одного раза")
MORE_THAN_HELD = ("5", "Сумма завершения превышает сумму холдирования")
NOTHING_PAID = ("7", "Не найдена успешная платежная операция")
TOO_MUCH_BACK = ("7", "Общая сумма возвратов превышает сумму заказа")
FAILED = ("5", "Ошибка при проведении операции")
OTHER_REFUND = ("5", "Ошибка валидации данных запроса")
BAD_FEATURES = ("14", "Features указаны некорректно")
BASKET_SUM = ("8", "Сумма товарных позиций в Корзине не совпадает с общей суммой заказа")
BASKET_FORM = ("8", "Неверный формат корзины")
SYSTEM_ERROR = "Системная ошибка"

TEXTS = {
    "1": DUPLICATE[1],
    "2": INACTIVE_BINDING[1],
    "3": NO_CURRENCY[1],
    "4": MISSING[1],
    "5": FAILED[1],
    "6": NO_ORDER[1],
    "8": BASKET_FORM[1],
    "9": "Ошибка валидации данных",
    "14": BAD_FEATURES[1],
    "15": DISABLED_BINDING[1],
}

_TO_THE_BANK = "Операция отклонена. Обратитесь в банк, выпустивший карту"
_TO_THE_SHOP = "Операция отклонена. Обратитесь в магазин"
_CHECK_DATA = "Операция отклонена. Проверьте введенные данные, достаточность средств на карте и повторите операцию"
_NO_ANSWER = "Не получен ответ от банка. Повторите позже"
_NO_LINE = "Нет связи с банком. Повторите позже"

_BY_WORDS = {
    _TO_THE_BANK: "1 5 12 14 61 62 65 81 82 93 96 103 104 107 111 118 120 902 904 909 913 "
    "-2005 -2006 -2010 -2011 -2015 -2016 -2018 -2019 -2020",
    _TO_THE_SHOP: "7 13 41 43 53 75 76 94 106 109 914 999 1014 2002 2003 2004 2005 2007 2009 2014 2016 -2017",
    _CHECK_DATA: "101 116 125 1015",
    _NO_ANSWER: "1001 1018 1019",
    _NO_LINE: "31 910",
}
WORDS = {code: words for words, codes in _BY_WORDS.items() for code in codes.split()} | {
    "-5031": "Подписка клиента не найдена",
    "-3101": "Плательщик запретил операции по связке",
    "-3100": "Связка деактивирована",
    "-2013": "Исчерпаны попытки оплаты",
    "-2007": "Истек срок ожидания ввода данных",
    "-100": "Не было попыток оплаты",
    "-99": "Операция в обработке",
    "15": "Ошибка проведения платежа. Попробуйте позднее",
    "110": "Некорректный формат запроса или данные не найдены",
    "239": "Операция отклонена. По требованию банка, выпустившего карту, необходимо отменить подписку",
    "258": "ТСТ не найдено в системе",
    "1004": "Операция не разрешена партнеру",
}


class Refusal(Exception):
    """A request is answered with an errorCode, and HTTP 200 all the same."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text


def planned(code: str) -> Refusal:
    """The refusal a turn names by its errorCode; without one the system error."""
    return Refusal(code or "7", TEXTS.get(code, SYSTEM_ERROR))


def words_of(action: int) -> str:
    """`actionCodeDescription`; success and codes that are not on the list have none."""
    return WORDS.get(str(action), "")
