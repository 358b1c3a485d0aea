"""Statements as banks write them for 1C, in whichever encoding."""

from collections.abc import Sequence

OURS = "40702810900000000017"
THEIRS = "40702810400000000099"
OUR_INN, THEIR_INN, OTHER_INN = "7728168971", "5027119066", "7736050003"
US, THEM = "ООО «Школа»", "АО «Ромашка»"
WORDS = {"cp1251": "Windows", "cp866": "DOS", "utf-8": "UTF-8", "utf-8-sig": "UTF-8"}


def came_in(
    amount: str = "25000.00",
    purpose: str = "Оплата услуг",
    *,
    number: str = "118",
    day: str = "31.01.2026",
    inn: str = THEIR_INN,
    account: str = THEIRS,
    ours: str = OURS,
    booked: str = "31.01.2026",
    name: str = THEM,
) -> str:
    return f"""СекцияДокумент=Платежное поручение
Номер={number}
Дата={day}
Сумма={amount}
КвитанцияДата={day}
ПлательщикСчет={account}
ДатаСписано=
Плательщик=ИНН {inn} {name}
ПлательщикИНН={inn}
Плательщик1={name}
ПлательщикРасчСчет={account}
ПлательщикБанк1=ПАО СБЕРБАНК
ПлательщикБИК=044525225
ПолучательСчет={ours}
ДатаПоступило={booked}
Получатель={US}
ПолучательИНН={OUR_INN}
ПолучательБИК=044525974
ВидОплаты=01
Очередность=5
НазначениеПлатежа={purpose}
КонецДокумента
"""


def went_out(
    amount: str = "1000.00",
    purpose: str = "Аренда по договору № 12/2025 от 01.02.2025",
    *,
    number: str = "7",
    day: str = "31.01.2026",
    inn: str = OTHER_INN,
    account: str = "40702810500000000055",
    booked: str = "31.01.2026",
) -> str:
    return f"""СекцияДокумент=Платежное поручение
Номер={number}
Дата={day}
Сумма={amount}
ПлательщикСчет={OURS}
ДатаСписано={booked}
Плательщик={US}
ПлательщикИНН={OUR_INN}
ПолучательСчет={account}
ДатаПоступило=
Получатель1=ПАО «Газ»
ПолучательИНН={inn}
НазначениеПлатежа={purpose}
КонецДокумента
"""


def statement(
    *documents: str, encoding: str = "cp1251", end: str = "\r\n", totals: Sequence[str] | None = None
) -> bytes:
    """`totals`: what the bank says came in and went out; without them it says nothing."""
    told = f"ВсегоПоступило={totals[0]}\nВсегоСписано={totals[1]}\n" if totals else ""
    text = f"""1CClientBankExchange
ВерсияФормата=1.03
Кодировка={WORDS.get(encoding, "Windows")}
Отправитель=Банк
ДатаСоздания=01.02.2026
ВремяСоздания=08:00:00
ДатаНачала=31.01.2026
ДатаКонца=31.01.2026
РасчСчет={OURS}
СекцияРасчСчет
ДатаНачала=31.01.2026
ДатаКонца=31.01.2026
РасчСчет={OURS}
НачальныйОстаток=100.00
{told}КонечныйОстаток=0.00
КонецРасчСчет
{"".join(documents)}КонецФайла
"""
    return text.replace("\n", end).encode(encoding)
