"""A bank's statement in the format of 1C's client-bank exchange (v8.1c.ru/edi/edi_stnd/100/101.htm): pure reading."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Literal

from billing.inn import is_inn
from calculations.money import Money
from schemas.card_number import without_card_numbers

BEGINNING, END = "1CClientBankExchange", "КонецФайла"
ACCOUNT = re.compile(r"[0-9]{20}")
SUM = re.compile(r"([0-9]{1,15})(?:[.,]([0-9]{1,2}))?")
KEY = re.compile(r"([А-ЯЁа-яёA-Za-z]+\d*)=(.*)", re.DOTALL)
NAMED_INN = re.compile(r"^ИНН\s*(\d{10}|\d{12})\b[\s/,]*")
# digits 6-8 of an account: the Bank of Russia's classifier, in which the rouble is 810
CURRENCIES: Mapping[str, str] = MappingProxyType(
    {"810": "RUB", "643": "RUB", "840": "USD", "978": "EUR", "156": "CNY", "398": "KZT", "933": "BYN"}
)
PURPOSE = "НазначениеПлатежа"
TOTALS = (("out", "ВсегоСписано", "went out"), ("in", "ВсегоПоступило", "came in"))
Document = tuple[str, str, str, str, date, int]
Side = Literal["Плательщик", "Получатель"]


class StatementUnreadable(ValueError):
    """The file is no statement, or not a whole one; nothing of it is taken. The text says where and why."""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """Money that came to an account of ours (`in`) or left it (`out`); `own`: both sides are one owner's.

    `counterparty_inn` is as it was written, for people: is_inn says whether it can be one. `at`: the line of the file
    where its document begins.
    """

    direction: Literal["in", "out"]
    account: str
    counterparty_account: str
    counterparty_inn: str
    counterparty_name: str
    number: str
    document_date: date
    booked_on: date
    amount: Money
    purpose: str
    own: bool
    at: int = field(compare=False)

    @property
    def document(self) -> Document:
        """What a document is known by."""
        return (
            self.direction,
            self.account,
            self.counterparty_account,
            self.number,
            self.document_date,
            self.amount.minor,
        )


@dataclass(frozen=True, slots=True)
class Statement:
    """`warnings`: what the file holds besides, and where its totals contradict its documents; a sentence each."""

    lines: Sequence[StatementLine]
    warnings: Sequence[str]


@dataclass(slots=True)
class _Section:
    """Keys and values between two marks; `at` is the line of the first."""

    at: int
    values: dict[str, str] = field(default_factory=dict)

    def get(self, *keys: str) -> str:
        return next((value for key in keys if (value := self.values.get(key, ""))), "")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One side of a document, at an account of ours; `within`: the other side is ours too."""

    document: _Section
    direction: Literal["in", "out"]
    account: str
    other: str
    within: bool

    @property
    def booked(self) -> str:
        return self.document.get("ДатаПоступило" if self.direction == "in" else "ДатаСписано")

    @property
    def known_by(self) -> tuple[str, ...]:
        """Alike in each copy of one document."""
        written = (self.document.get(key) for key in ("Номер", "Дата", "Сумма"))
        return (self.direction, self.account, self.other, *written)


def read_statement(content: bytes) -> Statement:
    """Windows-1251, DOS (866) or UTF-8: the one in which the format's own words are there. Raises
    StatementUnreadable."""
    header, balances, documents = _sections(_text(content))
    accounts = _accounts(header, balances)
    warnings: list[str] = []
    entries = [entry for document in documents for entry in _entries(document, accounts, warnings)]
    lines = [_line(entry) for entry in _carried_out(entries, warnings)]
    counted: list[StatementLine] = []
    for direction, key, word in TOTALS:
        for account in accounts:
            mine = [line for line in lines if (line.account, line.direction) == (account, direction)]
            counted += _as_the_bank_counts(mine, account, _total_of(account, key, balances), word, warnings)
    return Statement(sorted(counted, key=lambda line: line.at), warnings)


def _text(content: bytes) -> str:
    if content.startswith(b"PK"):
        raise StatementUnreadable("this is an archive or an Excel file: export the statement for 1C, as text")
    for encoding in ("utf-8-sig", "cp1251", "cp866"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if END in text or "РасчСчет=" in text:
            return text
    raise StatementUnreadable(f"no statement for 1C: looked for {BEGINNING} with «РасчСчет» and «{END}», found neither")


def _sections(text: str) -> tuple[list[tuple[str, str]], list[_Section], list[_Section]]:
    """The header's keys in their order, the sections of accounts, the sections of documents."""
    header: list[tuple[str, str]] = []
    balances: list[_Section] = []
    documents: list[_Section] = []
    section: _Section | None = None
    last_key, ended = "", False
    for number, line in _numbered(text):
        if ended:
            raise StatementUnreadable(f"line {number}: the file goes on after its end; give each statement by itself")
        if line in ("КонецДокумента", "КонецРасчСчет"):
            section = None
        elif line == END:
            ended = section is None
        elif line == "СекцияРасчСчет" or line.startswith("СекцияДокумент"):
            if section is not None:
                raise StatementUnreadable(f"line {number}: a section begins inside the one of line {section.at}")
            section, last_key = _Section(number), ""
            (documents if line.startswith("СекцияДокумент") else balances).append(section)
        elif found := KEY.fullmatch(line):
            last_key, value = found[1], found[2].strip()
            if section is None:
                header.append((last_key, value))
            elif section.values.get(last_key, "") not in ("", value):
                raise StatementUnreadable(f"line {number}: {last_key} stands twice in one section")
            else:
                section.values[last_key] = value
        elif section is not None and last_key:
            section.values[last_key] = f"{section.values[last_key]} {line}"  # a value that went on to the next line
    if not ended:
        raise StatementUnreadable(f"the file is cut off: its last line is not {END}")
    return header, balances, documents


def _numbered(text: str) -> Iterator[tuple[int, str]]:
    printable = "".join(sign if sign.isprintable() or sign in "\r\n" else " " for sign in text)
    lines = [(number, line.strip()) for number, line in enumerate(printable.splitlines(), start=1)]
    filled = [(number, line) for number, line in lines if line]
    if not filled or filled[0][1] != BEGINNING:
        raise StatementUnreadable(f"no statement for 1C: its first line is not {BEGINNING}")
    yield from filled[1:]


def _accounts(header: Sequence[tuple[str, str]], balances: Sequence[_Section]) -> Sequence[str]:
    """Whose statement it is."""
    named = [value for key, value in header if key == "РасчСчет"] + [one.get("РасчСчет") for one in balances]
    accounts = list(dict.fromkeys(account for account in named if account))
    wrong = [account for account in accounts if not ACCOUNT.fullmatch(account)]
    if wrong or not accounts:
        raise StatementUnreadable("«РасчСчет» must say whose statement it is: an account of 20 digits")
    for account in accounts:
        if account[5:8] not in CURRENCIES:
            raise StatementUnreadable(f"account {account}: its currency ({account[5:8]}) is not known here")
    return accounts


def _entries(document: _Section, accounts: Sequence[str], warnings: list[str]) -> Iterator[_Entry]:
    payer, recipient = _account(document, "Плательщик", accounts), _account(document, "Получатель", accounts)
    if payer not in accounts and recipient not in accounts:
        warnings.append(f"{_named(document)} is of other accounts than the statement's: left out")
        return
    if payer in accounts:
        yield _Entry(document, "out", payer, recipient, recipient in accounts)
    if recipient in accounts and recipient != payer:
        yield _Entry(document, "in", recipient, payer, payer in accounts)


def _carried_out(entries: Sequence[_Entry], warnings: list[str]) -> Iterator[_Entry]:
    """Those with the bank's date. A transfer between two accounts of the statement may be in it twice, each copy with
    the date of one side: what the other copy tells is not left out."""
    told = {entry.known_by for entry in entries if entry.within and entry.booked}
    for entry in entries:
        if entry.booked:
            yield entry
        elif entry.known_by not in told:
            warnings.append(f"{_named(entry.document)} has no date on which the bank carried it out: left out")


def _line(entry: _Entry) -> StatementLine:
    document, direction = entry.document, entry.direction
    theirs: Side = "Плательщик" if direction == "in" else "Получатель"
    name, inn = _party(document, theirs)
    _, our_inn = _party(document, "Получатель" if direction == "in" else "Плательщик")
    return StatementLine(
        direction=direction,
        account=entry.account,
        counterparty_account=entry.other,
        counterparty_inn=inn,
        counterparty_name=name,
        number=_needed(document, "Номер"),
        document_date=_date(document, "Дата", _needed(document, "Дата")),
        booked_on=_date(document, "дата проведения", entry.booked),
        amount=_amount(document, "Сумма", entry.account),
        purpose=_purpose(document),
        own=entry.within or (is_inn(inn) and inn == our_inn),
        at=document.at,
    )


def _named(document: _Section) -> str:
    return f"document {document.get('Номер') or '?'} of {document.get('Дата') or '?'} (line {document.at})"


def _account(document: _Section, side: Side, accounts: Sequence[str]) -> str:
    """The party's account; where two are given, the one that is ours."""
    given = [value for key in ("Счет", "РасчСчет") if (value := document.get(f"{side}{key}"))]
    return next((one for one in given if one in accounts), given[0] if given else "")


def _party(document: _Section, side: Side) -> tuple[str, str]:
    """Name and INN, as they are written; zeros stand where there is no INN."""
    name = document.get(side, f"{side}1")
    named = NAMED_INN.match(name)
    given = (document.get(f"{side}ИНН"), named[1] if named else "")
    inn = next((one for one in given if one.strip("0")), "")
    return _one_line(NAMED_INN.sub("", name)), _one_line(inn)


def _purpose(document: _Section) -> str:
    whole = document.get(PURPOSE)
    parts = [document.get(f"{PURPOSE}{number}") for number in range(1, 7)]
    return _one_line(whole or " ".join(parts))


def _one_line(text: str) -> str:
    return without_card_numbers(" ".join(text.split()))


def _needed(document: _Section, key: str) -> str:
    value = document.get(key)
    if not value:
        raise StatementUnreadable(f"line {document.at}: the document has no «{key}»")
    return value


def _date(document: _Section, key: str, text: str) -> date:
    try:
        return datetime.strptime(text, "%d.%m.%Y").date()  # noqa: DTZ007 - a day of the bank, in no zone
    except ValueError:
        raise StatementUnreadable(f"line {document.at}: «{key}» is no date like 31.01.2026") from None


def _amount(section: _Section, key: str, account: str) -> Money:
    found = SUM.fullmatch(_needed(section, key))
    minor = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else 0
    if not minor:
        raise StatementUnreadable(f"line {section.at}: «{key}» is no sum above zero like 1200.50")
    return Money(minor, CURRENCIES[account[5:8]])


def _as_the_bank_counts(
    lines: Sequence[StatementLine], account: str, total: int | None, word: str, warnings: list[str]
) -> Sequence[StatementLine]:
    """The lines of an account, of one direction, without those that by the bank's own total only repeat another.

    Other totals that the documents do not add up to are told, for something is missing in the file; and documents that
    are alike, unless the total says that each of them was paid.
    """
    added = _sum(lines)
    if total == added:
        return lines
    once = list(dict.fromkeys(lines))
    if total == _sum(once):
        warnings += [
            f"account {account}: {_at(same)}: the bank's total counts it once, the repetition is left out"
            for same in _alike(lines, lambda line: line)
        ]
        return once
    if total is not None:
        said, found = (Money(minor, CURRENCIES[account[5:8]]) for minor in (total, added))
        warnings.append(f"account {account}: the bank says {said} {word}, the documents add up to {found}")
    warnings += [
        f"account {account}: {_at(same)}, and no total of the bank says whether each was paid: all are taken; ask the "
        f"bank, and undo what was booked of a mere repetition (`statements list`, `statements unmatch`)"
        for same in _alike(lines, lambda line: line.document)
    ]
    return lines


def _alike(lines: Sequence[StatementLine], by: Callable[[StatementLine], object]) -> list[list[StatementLine]]:
    groups: dict[object, list[StatementLine]] = {}
    for line in lines:
        groups.setdefault(by(line), []).append(line)
    return [group for group in groups.values() if len(group) > 1]


def _at(same: Sequence[StatementLine]) -> str:
    lines = ", ".join(str(line.at) for line in same)
    first = same[0]
    return f"document {first.number} of {first.document_date}, {first.amount}, stands {len(same)} times (lines {lines})"


def _sum(lines: Iterable[StatementLine]) -> int:
    return sum(line.amount.minor for line in lines)


def _total_of(account: str, key: str, balances: Sequence[_Section]) -> int | None:
    """What the bank's totals of an account come to; none where it does not tell each of them."""
    mine = [balance for balance in balances if balance.get("РасчСчет") == account]
    if not mine or not all(balance.get(key) for balance in mine):
        return None
    return sum(_total(balance, key) for balance in mine)


def _total(balance: _Section, key: str) -> int:
    found = SUM.fullmatch(balance.get(key))
    if not found:
        raise StatementUnreadable(f"line {balance.at}: «{key}» is no sum like 1200.50")
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))
