"""Statements of 1C's client-bank exchange: read whole and exactly, or refused with the line and the reason."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.inn import inn_in_words, is_inn
from billing.statement_file import Statement, StatementUnreadable, read_statement
from calculations.money import Money
from tests.billing.statement_text import OTHER_INN, OUR_INN, OURS, THEIR_INN, THEIRS, THEM, came_in, statement, went_out


@pytest.mark.parametrize("encoding", ["cp1251", "cp866", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_statement_is_read_in_each_encoding(encoding: str, end: str) -> None:
    purpose = "Оплата по счету № 17 от 30.01.2026, НДС не облагается"
    money_in, money_out = came_in("25000.00", purpose), went_out("1000")
    documents = [text.replace("«", '"').replace("»", '"') for text in (money_in, money_out)]  # DOS has no guillemets
    read = read_statement(statement(*documents, encoding=encoding, end=end))
    first, second = read.lines
    assert (first.direction, first.account, first.counterparty_account) == ("in", OURS, THEIRS)
    assert (first.counterparty_inn, first.counterparty_name) == (THEIR_INN, 'АО "Ромашка"')
    assert (first.number, first.document_date, first.booked_on) == ("118", date(2026, 1, 31), date(2026, 1, 31))
    assert (first.amount, first.purpose, first.own) == (Money(2_500_000, "RUB"), purpose, False)
    assert (second.direction, second.amount.minor, second.counterparty_inn) == ("out", 100_000, OTHER_INN)
    assert read.warnings == []


def test_the_word_about_the_encoding_may_be_wrong() -> None:
    content = statement(came_in().replace("«", "").replace("»", ""), encoding="cp866").decode("cp866").encode("cp1251")
    assert "Кодировка=DOS".encode("cp1251") in content
    assert read_statement(content).lines[0].counterparty_name == "АО Ромашка"


@pytest.mark.parametrize(
    ("written", "minor"),
    [("1", 100), ("1.5", 150), ("1,50", 150), ("1200.05", 120_005), ("999999999999.99", 99999999999999)],
)
def test_sums_are_read_to_the_kopeck(written: str, minor: int) -> None:
    assert read_statement(statement(came_in(written))).lines[0].amount.minor == minor


def test_the_currency_is_the_accounts() -> None:
    content = statement(came_in(ours="40702840900000000017")).replace(OURS.encode(), b"40702840900000000017")
    assert read_statement(content).lines[0].amount == Money(2_500_000, "USD")


def test_a_name_and_a_purpose_in_pieces_are_put_together() -> None:
    pieces = came_in(purpose="").replace(
        "НазначениеПлатежа=", "НазначениеПлатежа=\nНазначениеПлатежа1=Оплата\nНазначениеПлатежа2=по счету 5"
    )
    wrapped = came_in(purpose="Оплата по\n  договору 12", number="119")
    first, second = read_statement(statement(pieces, wrapped)).lines
    assert (first.purpose, second.purpose) == ("Оплата по счету 5", "Оплата по договору 12")


def test_an_inn_in_the_name_is_the_payers_when_it_is_nowhere_else() -> None:
    [line] = read_statement(statement(came_in().replace(f"ПлательщикИНН={THEIR_INN}\n", ""))).lines
    assert (line.counterparty_inn, line.counterparty_name) == (THEIR_INN, THEM)


@pytest.mark.parametrize("inn", ["0", "", "0000000000", "000000000000"])
def test_zeros_are_no_inn(inn: str) -> None:
    assert read_statement(statement(came_in(inn=inn))).lines[0].counterparty_inn == ""


@pytest.mark.parametrize("inn", ["1234567890", "5027119067", "502711906", "9909", "50271 19066"])
def test_an_inn_that_cannot_be_one_is_kept_as_it_is_written(inn: str) -> None:
    assert read_statement(statement(came_in(inn=inn))).lines[0].counterparty_inn == inn


def test_an_inn_in_the_name_is_the_payers_where_its_field_has_zeros() -> None:
    [line] = read_statement(statement(came_in().replace(f"ПлательщикИНН={THEIR_INN}", "ПлательщикИНН=0"))).lines
    assert line.counterparty_inn == THEIR_INN


def test_a_card_number_in_place_of_an_inn_is_not_kept_whole() -> None:
    [line] = read_statement(statement(came_in(inn="4276380012345679"))).lines
    assert line.counterparty_inn == "**** 5679"


def test_the_same_wrong_inn_on_both_sides_makes_no_transfer_of_ones_own() -> None:
    documents = came_in(inn="5027119067").replace(f"ПолучательИНН={OUR_INN}", "ПолучательИНН=5027119067")
    assert not read_statement(statement(documents)).lines[0].own


def test_a_card_number_in_a_purpose_is_not_kept_whole() -> None:
    [line] = read_statement(statement(came_in(purpose="Перевод с карты 4276 3800 1234 5679"))).lines
    assert line.purpose == "Перевод с карты **** 5679"


def test_signs_that_a_terminal_would_obey_are_not_kept() -> None:
    [line] = read_statement(statement(came_in(purpose="Оплата\x1b[2J\tуслуг", number="1\x1b8"))).lines
    assert (line.purpose, line.number) == ("Оплата [2J услуг", "1 8")


def test_a_transfer_between_ones_own_accounts_is_told_apart() -> None:
    [line] = read_statement(statement(came_in(inn=OUR_INN))).lines
    assert line.own
    both = (
        statement(came_in(account="40702810400000000088"))
        .replace(
            b"\r\n" + "СекцияРасчСчет".encode("cp1251"),
            b"\r\n" + "РасчСчет=40702810400000000088\r\nСекцияРасчСчет".encode("cp1251"),
            1,
        )
        .replace("ДатаСписано=\r\n".encode("cp1251"), "ДатаСписано=31.01.2026\r\n".encode("cp1251"))
    )
    lines = read_statement(both).lines
    assert [(one.direction, one.own) for one in lines] == [("out", True), ("in", True)]


def warnings(content: bytes) -> str:
    return "\n".join(read_statement(content).warnings)


def test_what_the_bank_has_not_carried_out_is_left_out_and_told() -> None:
    content = statement(came_in(booked=""), came_in(number="119"))
    assert [line.number for line in read_statement(content).lines] == ["119"]
    assert "document 118 of 31.01.2026 (line 17) has no date on which the bank carried it out" in warnings(content)


OTHER_OF_OURS = "40702810700000000018"


def between_our_own(*dates: tuple[str, str], account: str = OTHER_OF_OURS) -> bytes:
    """One transfer from OURS, in as many copies as there are dates: when it went out, and when it came in."""
    documents = (
        f"""СекцияДокумент=Платежное поручение
Номер=5
Дата=31.01.2026
Сумма=100.00
ПлательщикСчет={OURS}
ДатаСписано={spent}
ПлательщикИНН={OUR_INN}
ПолучательСчет={account}
ДатаПоступило={got}
ПолучательИНН={OUR_INN}
КонецДокумента
"""
        for spent, got in dates
    )
    balances = (
        f"СекцияРасчСчет\r\nРасчСчет={one}\r\nВсегоПоступило={got}\r\nВсегоСписано={spent}\r\nКонецРасчСчет\r\n"
        for one, got, spent in ((OURS, "0.00", "100.00"), (OTHER_OF_OURS, "100.00", "0.00"))
    )
    whole = statement(*documents).decode("cp1251")
    before, _, after = whole.partition("СекцияРасчСчет")
    _, _, after = after.partition("КонецРасчСчет\r\n")
    return (before + "".join(balances) + after).encode("cp1251")


def test_a_transfer_between_ones_own_accounts_in_both_copies_is_taken_whole_and_nothing_is_told() -> None:
    content = between_our_own(("31.01.2026", ""), ("", "31.01.2026"))
    assert [(line.direction, line.at) for line in read_statement(content).lines] == [("out", 20), ("in", 31)]
    assert warnings(content) == ""


def test_a_side_of_ones_own_transfer_that_no_copy_has_is_told() -> None:
    told = warnings(between_our_own(("31.01.2026", "")))
    assert "document 5 of 31.01.2026 (line 20) has no date on which the bank carried it out: left out" in told


def test_a_payment_not_carried_out_is_told_beside_one_that_is_alike_and_was() -> None:
    assert "(line 17) has no date" in warnings(statement(came_in(booked=""), came_in()))


def test_a_document_of_other_accounts_is_left_out_and_told() -> None:
    content = statement(came_in(ours="40702810900000000018"))
    assert read_statement(content).lines == []
    assert "document 118 of 31.01.2026 (line 17) is of other accounts" in warnings(content)


def test_totals_that_the_documents_do_not_add_up_to_are_told() -> None:
    assert warnings(statement(came_in("10.00"), went_out("3.00"), totals=("10.00", "3.00"))) == ""
    short = warnings(statement(came_in("10.00"), totals=("25.50", "0")))
    assert short == f"account {OURS}: the bank says 25.50 RUB came in, the documents add up to 10.00 RUB"


def whole() -> str:
    return statement(came_in()).decode("cp1251")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no statement for 1C"),
        (b"PK\x03\x04", "Excel"),
        ("Дата;Сумма\n01.01.2026;5\n".encode("cp1251"), "found neither"),
        (b"\xff\xfe1\x00C\x00", "found neither"),
        (whole().replace("1CClientBankExchange", "2C").encode("cp1251"), "its first line is not"),
        (whole().replace("КонецФайла", "").encode("cp1251"), "cut off"),
        (whole().replace("КонецДокумента", "").encode("cp1251"), "cut off"),
        ((whole() + whole()).encode("cp1251"), "line 40: the file goes on after its end"),
        (whole().replace(f"РасчСчет={OURS}", "РасчСчет=5").encode("cp1251"), "20 digits"),
        (whole().replace(OURS, "40702999900000000017").encode("cp1251"), r"currency \(999\)"),
        (statement(came_in(amount="0.00")), "line 17: «Сумма» is no sum above zero"),
        (statement(came_in(amount="1.005")), "line 17: «Сумма» is no sum"),
        (statement(came_in(amount="-5")), "line 17: «Сумма» is no sum"),
        (statement(came_in(amount="1 000.00")), "line 17: «Сумма» is no sum"),
        (statement(came_in(amount="")), "line 17: the document has no «Сумма»"),
        (statement(came_in(number="")), "line 17: the document has no «Номер»"),
        (statement(came_in(day="2026-01-31")), "line 17: «Дата» is no date"),
        (statement(came_in(booked="31.02.2026")), "line 17: «дата проведения» is no date"),
        (statement(came_in(purpose="x\nСумма=1.00")), "Сумма stands twice"),
        (statement("СекцияДокумент=Платежное поручение\n", came_in()), "line 18: a section begins inside"),
        (statement(totals=("10.00", "many")), "«ВсегоСписано» is no sum"),
    ],
)
def test_what_is_no_whole_statement_is_refused_with_its_line(content: bytes, why: str) -> None:
    with pytest.raises(StatementUnreadable, match=why):
        read_statement(content)


@given(st.binary(max_size=200))
def test_no_bytes_whatever_give_anything_but_a_reason(content: bytes) -> None:
    with pytest.raises(StatementUnreadable):
        read_statement(content)


@given(
    st.integers(0, 10_000), st.integers(0, 10_000), st.sampled_from(["", "=", "\n", "КонецДокумента\n", "Сумма=7\n"])
)
def test_no_damage_gives_a_line_with_another_sum(begin: int, length: int, instead: str) -> None:
    text = statement(came_in("25000.00"), went_out("25000.00")).decode("cp1251")
    damaged = text[: begin % len(text)] + instead + text[begin % len(text) + length % 40 :]
    try:
        read: Statement = read_statement(damaged.encode("cp1251"))
    except StatementUnreadable:
        return
    assert all(line.amount.minor > 0 and line.account for line in read.lines)


@pytest.mark.parametrize("inn", ["7707083893", "5027119066", "7736050003", "500100732259"])
def test_true_inns_are_known(inn: str) -> None:
    assert is_inn(inn)


@pytest.mark.parametrize(
    ("inn", "said"),
    [
        ("", "INN none"),
        ("5027119066", "INN 5027119066"),
        ("5027119067", "INN 5027119067 has a wrong check digit"),
        ("500100732258", "INN 500100732258 has a wrong check digit"),
        ("9909", "INN 9909 is none: an INN has 10 or 12 digits"),
        ("50271 19066", "INN 50271 19066 is none: an INN has 10 or 12 digits"),
    ],
)
def test_people_read_what_is_wrong_with_an_inn(inn: str, said: str) -> None:
    assert inn_in_words(inn) == said


@pytest.mark.parametrize(
    "inn", ["7707083894", "500100732258", "0000000000", "770708389", "７７０７０８３８９３", "770708389x"]
)
def test_what_only_looks_like_an_inn_is_none(inn: str) -> None:
    assert not is_inn(inn)
