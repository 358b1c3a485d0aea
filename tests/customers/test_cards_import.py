"""Cards saved elsewhere, brought in from a file: every good line, none twice, no card number."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from billing.bank_limits import instrument_of
from calculations.retry_plan import Instrument
from customers.cards import TOKEN, ImportReport, destroy_token, forget_card, import_cards, list_cards
from customers.cards_file import CardsFileRefused
from customers.consents import withdraw_consents
from schemas.card_number import holds_card_number, without_card_numbers
from storage.database import Database, open_database
from storage.model import Base, Consent, Portal, SavedCard
from storage.vault import Vault

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)
HEADER = "gateway,customer,token,mask,expires,gateway_customer_id,consent_at,consent_source\n"
GOOD = "sandbox,C_5,tok-1,**** 4242,2027-09,cust-5,2026-01-15,paper\n"
VAULT = Vault([Fernet.generate_key().decode()])


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(f"sqlite:///{tmp_path}/cards.db")
    Base.metadata.create_all(database.engine)
    with database.write() as session:
        for member_id in ("one", "two"):
            session.add(
                Portal(
                    client_id="app",
                    member_id=member_id,
                    client_endpoint="https://portal.example/rest/",
                    state="active",
                    application_token_hash="",
                    installer_user_id=1,
                    installed_at=NOW,
                    changed_at=NOW,
                )
            )
    yield database
    database.close()


def bring(database: Database, *lines: str, portal_id: int = 1, now: datetime = NOW) -> ImportReport:
    return import_cards(database, VAULT, portal_id, (HEADER + "".join(lines)).encode(), {"sandbox"}, now)


def bring_more(database: Database, columns: str, *lines: str) -> ImportReport:
    """Of a file with columns of its own after the known ones."""
    content = f"{HEADER.strip()},{columns}\n" + "".join(f"{line}\n" for line in lines)
    return import_cards(database, VAULT, 1, content.encode(), {"sandbox", "bank"}, NOW, sbp={"bank"})


def problem_with(database: Database, line: str) -> str:
    report = bring(database, line)
    assert [number for number, _ in report.problems] == [2]
    assert list_cards(database, 1) == []
    return report.problems[0][1]


def test_a_card_comes_in_with_its_mask_and_consent_and_its_token_sealed(database: Database, tmp_path: Path) -> None:
    report = bring(database, GOOD)
    assert (report.added, report.consents, report.problems) == (1, 1, [])
    (card,) = list_cards(database, 1)
    assert (card.customer, card.mask, card.expires, card.has_consent) == ("C_5", "**** 4242", "2027-09", True)
    with database.read() as session:
        sealed = session.get_one(SavedCard, card.id).token
    assert VAULT.open(1, TOKEN, sealed) == "tok-1"
    assert b"tok-1" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_the_same_file_again_changes_nothing(database: Database) -> None:
    bring(database, GOOD)
    before = list_cards(database, 1)
    report = bring(database, GOOD, GOOD)
    assert (report.added, report.changed, report.unchanged, report.consents) == (0, 0, 2, 0)
    assert list_cards(database, 1) == before


def test_the_same_token_in_two_portals_is_two_cards(database: Database) -> None:
    bring(database, GOOD)
    assert bring(database, GOOD, portal_id=2).added == 1
    assert [len(list_cards(database, portal_id)) for portal_id in (1, 2)] == [1, 1]


def test_a_bad_line_names_its_number_and_does_not_stop_the_others(database: Database) -> None:
    report = bring(database, GOOD, "sandbox,C_5\n", '"not closed,C_6,t\n', "\n", GOOD.replace("tok-1", "tok-2"))
    assert [number for number, _ in report.problems] == [3, 4]
    assert report.added == 2


def test_a_consent_on_the_first_day_of_the_calendar_spoils_only_its_line(database: Database) -> None:
    report = bring(database, GOOD, GOOD.replace("2026-01-15", "0001-01-01T00:00:00+03:00"))
    assert [number for number, _ in report.problems] == [3]
    assert report.added == 1


@pytest.mark.parametrize(
    ("line", "word"),
    [("sandbox,C_5,t,**** ٤٢٤٢,,,,\n", "mask"), ("sandbox,C_5,t,**** 4242,20٢٩-01,,,\n", "expires")],
)
def test_digits_of_another_script_are_none_of_a_card(database: Database, line: str, word: str) -> None:
    assert word in problem_with(database, line)


def test_a_line_that_is_not_utf_8_spoils_only_itself(database: Database) -> None:
    content = (HEADER + GOOD).encode() + "sandbox,C_6,т,**** 1111,,,,\n".encode("cp1251")
    report = import_cards(database, VAULT, 1, content, {"sandbox"}, NOW)
    assert (report.added, report.problems) == (1, [(3, "is not UTF-8")])


def test_a_file_from_a_spreadsheet_is_read(database: Database) -> None:
    content = b"\xef\xbb\xbf" + (HEADER + GOOD).replace("\n", "\r\n").encode()
    assert import_cards(database, VAULT, 1, content, {"sandbox"}, NOW).added == 1


@pytest.mark.parametrize("header", ["", "token,mask", HEADER.replace(",", ";"), HEADER.strip() + ",more"])
def test_another_header_is_refused_as_a_whole(database: Database, header: str) -> None:
    with pytest.raises(CardsFileRefused, match="gateway,customer,token"):
        import_cards(database, VAULT, 1, f"{header}\n{GOOD}".encode(), {"sandbox"}, NOW)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("nobank,C_5,t,**** 4242,,,,\n", "gateway"),
        ("sandbox,D_5,t,**** 4242,,,,\n", "customer"),
        ("sandbox,Ivanov,t,**** 4242,,,,\n", "customer"),
        ("sandbox,C_5,,**** 4242,,,,\n", "token"),
        ("sandbox,C_5,t,Visa,,,,\n", "mask"),
        ("sandbox,C_5,t,**** 4242,09/27,,,\n", "expires"),
        ("sandbox,C_5,t,**** 4242,2027-13,,,\n", "expires"),
        ("sandbox,C_5,t,**** 4242,,,2026-01-15,\n", "consent"),
        ("sandbox,C_5,t,**** 4242,,,,paper\n", "consent"),
        ("sandbox,C_5,t,**** 4242,,,yesterday,paper\n", "consent_at"),
        ("sandbox,C_5,t,**** 4242,,,2026-01-15T10:00:00,paper\n", "zone"),
        ("sandbox,C_5,t,**** 4242,,,2026-02-01,paper\n", "future"),
        ("sandbox,C_5,t,**** 4242,,,0001-01-01,paper\n", "consent_at is an empty date"),
        ("sandbox,C_5,t,**** 4242,,,0001-01-01T00:00:00+03:00,paper\n", "consent_at is an empty date"),
        ("sandbox,C_5,t,**** 4242,,,9999-12-31T23:59:59-05:00,paper\n", "future"),
        ("sandbox,C_5,t\x00,**** 4242,,,,\n", "unprintable"),
    ],
)
def test_what_is_wrong_with_a_line_is_said(database: Database, line: str, word: str) -> None:
    assert word in problem_with(database, line)


@pytest.mark.parametrize(
    "line",
    [
        "sandbox,C_5,4111111111111111,**** 1111,,,,\n",
        "sandbox,C_5,card_4111111111111111,**** 1111,,,,\n",
        "sandbox,C_5,t,4111 1111 1111 1111,,,,\n",
        "sandbox,C_5,t,4111-1111-1111-1111,,,,\n",
        "sandbox,C_5,t,**** 1111,,378282246310005,,\n",
    ],
)
def test_a_card_number_is_refused_and_not_repeated(database: Database, line: str) -> None:
    problem = problem_with(database, line)
    assert "card number" in problem
    assert "1111" not in problem
    assert "3782" not in problem


@pytest.mark.parametrize(
    "text",
    [
        "22e12f66-000f-5000-8000-18db351245c7",
        "22e12f66-000f-5000-9000-000000000001",  # its last digits alone would be a card's
        "411111******1111",
        "4111111111111112",
        "700001234567",
        "**** 4242",
    ],
)
def test_tokens_and_masks_of_acquirers_are_no_card_numbers(text: str) -> None:
    assert not holds_card_number(text)


@given(st.text(alphabet="0123456789", min_size=12, max_size=18), st.sampled_from(["", " ", "-"]))
def test_every_number_with_a_right_last_digit_is_found_however_it_is_grouped(digits: str, between: str) -> None:
    total = sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(reversed(digits)))
    number = digits + str(-total % 10)
    groups = between.join(number[start : start + 4] for start in range(0, len(number), 4))
    assert holds_card_number(f"card {groups} of a client")


def test_a_renewed_card_keeps_its_row_and_gets_its_new_date(database: Database) -> None:
    bring(database, GOOD)
    assert bring(database, GOOD.replace("2027-09", "2031-09")).changed == 1
    assert [card.expires for card in list_cards(database, 1)] == ["2031-09"]


def test_a_card_does_not_change_its_owner(database: Database) -> None:
    bring(database, GOOD)
    report = bring(database, GOOD.replace("C_5", "C_6"))
    assert "C_5" in report.problems[0][1]
    assert [card.customer for card in list_cards(database, 1)] == ["C_5"]


def test_without_consent_a_card_is_kept_and_the_consent_may_follow(database: Database) -> None:
    bring(database, "sandbox,C_5,tok-1,**** 4242,2027-09,cust-5,,\n")
    assert not list_cards(database, 1)[0].has_consent
    assert bring(database, GOOD).consents == 1
    assert list_cards(database, 1)[0].has_consent


def test_a_withdrawn_consent_does_not_come_back_with_the_old_file_but_with_a_newer_one(database: Database) -> None:
    bring(database, GOOD)
    withdrawn = withdraw_consents(database, 1, "C_5", "the client", NOW)
    assert (withdrawn.consents, withdrawn.sent_before) == (1, ())
    bring(database, GOOD)
    assert not list_cards(database, 1)[0].has_consent
    later = NOW.replace(month=3)
    bring(database, GOOD.replace("2026-01-15", "2026-02-15"), now=later)
    assert list_cards(database, 1)[0].has_consent


def test_a_withdrawal_is_the_customers_and_the_portals_alone(database: Database) -> None:
    bring(database, GOOD, GOOD.replace("C_5", "C_6").replace("tok-1", "tok-2"))
    bring(database, GOOD, portal_id=2)
    withdraw_consents(database, 1, "C_5", "the client", NOW)
    assert [card.has_consent for card in [*list_cards(database, 1), *list_cards(database, 2)]] == [False, True, True]


def test_a_forgotten_card_loses_its_token_and_consent_and_does_not_come_back(database: Database) -> None:
    bring(database, GOOD)
    assert forget_card(database, 1, 1, "the client", NOW)
    assert forget_card(database, 1, 1, "the client", NOW)
    destroy_token(database, 1)
    with database.read() as session:
        assert session.get_one(SavedCard, 1).token == ""
    report = bring(database, GOOD)
    assert "forgotten" in report.problems[0][1]
    (card,) = list_cards(database, 1)
    assert (card.state, card.has_consent, card.mask) == ("forgotten", False, "**** 4242")


def test_a_card_of_another_portal_cannot_be_forgotten(database: Database) -> None:
    bring(database, GOOD)
    assert not forget_card(database, 2, 1, "the client", NOW)
    assert not forget_card(database, 1, 9, "the client", NOW)
    assert list_cards(database, 1)[0].state == "active"


@pytest.mark.parametrize("number", ["4276380012345679", "4276 3800 1234 5679", "4276-3800-1234-5679"])
def test_a_card_number_in_a_text_is_cut_down_to_its_last_digits(number: str) -> None:
    assert without_card_numbers(f"Перевод с карты {number}, счет 40702810900000000017") == (
        "Перевод с карты **** 5679, счет 40702810900000000017"
    )


ACCOUNT = "bank,C_5,tok-1,СБП **** 0111,,,2026-01-15,No. 7"


def test_a_consent_on_paper_is_told_from_one_of_another_system(database: Database) -> None:
    lines = [GOOD.strip() + end for end in (",paper,2026-01.1", ",,")]
    bring_more(database, "consent_how,consent_text_version", lines[0], lines[1].replace("tok-1", "tok-2"))
    with database.read() as session:
        kept = session.scalars(select(Consent).order_by(Consent.id))
        assert [(one.how, one.text_version) for one in kept] == [("paper", "2026-01.1"), ("import", "")]


LIMITED = "consent_limit,consent_limit_period"


def limits(database: Database) -> list[tuple[int | None, str, str]]:
    with database.read() as session:
        kept = session.scalars(select(Consent).order_by(Consent.id))
        return [(one.limit_amount, one.limit_currency, one.limit_period) for one in kept]


def test_a_consent_comes_in_with_the_limit_that_its_client_has_set(database: Database) -> None:
    other = ACCOUNT.replace("tok-1", "tok-2")
    report = bring_more(database, LIMITED, f'{ACCOUNT},"12 000,50 RUB",month', f"{other},5000|JPY,")
    assert (report.consents, report.problems) == (2, [])
    assert limits(database) == [(1_200_050, "RUB", "month"), (5_000, "JPY", "")]


def test_the_limit_of_a_known_consent_does_not_change_by_a_file_and_the_line_says_so(database: Database) -> None:
    bring_more(database, LIMITED, f"{ACCOUNT},12000 RUB,month")
    assert bring_more(database, LIMITED, f"{ACCOUNT},12000 RUB,month").unchanged == 1
    assert bring_more(database, "method", f"{ACCOUNT},").unchanged == 1
    for told in ("15000 RUB,month", "12000 RUB,year", "12000 USD,month"):
        report = bring_more(database, LIMITED, f"{ACCOUNT},{told}".replace("0111", "0222"))
        assert "known with another limit" in report.problems[0][1]
    assert limits(database) == [(1_200_000, "RUB", "month")]
    assert list_cards(database, 1)[0].mask == "СБП **** 0111"


def test_an_account_bound_by_sbp_comes_in_as_one_and_the_banks_limits_of_sbp_hold_for_it(database: Database) -> None:
    report = bring_more(
        database, "consent_how,method", f"{ACCOUNT},paper,sbp", f"{ACCOUNT.replace('tok-1', 'tok-2')},,"
    )
    assert (report.added, report.problems) == (2, [])
    with database.read() as session:
        first, second = session.scalars(select(SavedCard).order_by(SavedCard.id))
    assert (first.method, second.method) == ("sbp", "card")
    assert instrument_of(first) is Instrument.sbp


def test_the_same_accounts_again_change_nothing_also_in_a_file_that_does_not_say_what_they_are(
    database: Database,
) -> None:
    for columns, end in (("method,consent_how", ",sbp,paper"), ("method,consent_how", ",sbp,paper"), ("method", ",")):
        report = bring_more(database, columns, ACCOUNT + end)
    assert (report.unchanged, report.consents, report.problems) == (1, 0, [])
    with database.read() as session:
        assert session.get_one(SavedCard, 1).method == "sbp"
        assert session.scalars(select(Consent.how)).all() == ["paper"]


def test_what_is_known_as_an_account_does_not_become_a_card(database: Database) -> None:
    bring_more(database, "method", f"{ACCOUNT},sbp")
    report = bring_more(database, "method", f"{ACCOUNT},card".replace("0111", "0222"))
    assert "method is known as sbp" in report.problems[0][1]
    assert list_cards(database, 1)[0].mask == "СБП **** 0111"


@pytest.mark.parametrize(
    ("columns", "line", "word"),
    [
        ("method", f"{ACCOUNT},wallet", "method is none of: card, sbp"),
        ("method", f"{ACCOUNT},sbp".replace("bank", "sandbox"), "only at: bank"),
        ("method", f"{ACCOUNT},sbp".replace("0111,", "0111,2030-01"), "does not expire"),
        ("consent_how", f"{ACCOUNT},page", "consent_how is none of: import, paper"),
        ("consent_how", "bank,C_5,tok-1,**** 4242,,,,,paper", "consent_how is given, and consent_at is not"),
        ("consent_text_version", "bank,C_5,tok-1,**** 4242,,,,,1", "consent_text_version is given"),
        ("consent_limit", "bank,C_5,tok-1,**** 4242,,,,,12000 RUB", "consent_limit is given, and consent_at is not"),
        ("consent_limit", f"{ACCOUNT},12000", "consent_limit must look like 12000.00 RUB"),
        ("consent_limit", f"{ACCOUNT},12000.001 RUB", "consent_limit must look like 12000.00 RUB"),
        ("consent_limit", f"{ACCOUNT},0 RUB", "more than zero"),
        ("consent_limit", f"{ACCOUNT},-1 RUB", "more than zero"),
        ("consent_limit,consent_limit_period", f"{ACCOUNT},12000 RUB,fortnight", "is none of: day, week, month, year"),
        ("consent_limit_period", f"{ACCOUNT},month", "consent_limit_period is given, and consent_limit is not"),
        ("consent_how", ACCOUNT, "has 8 values instead of 9"),
        ("consent_text_version", f"{ACCOUNT},4111111111111111", "consent_text_version holds what looks like a card"),
    ],
)
def test_a_wrong_value_of_such_a_column_spoils_its_own_line_only(
    database: Database, columns: str, line: str, word: str
) -> None:
    blank = "," * len(columns.split(","))
    report = bring_more(database, columns, line, ACCOUNT.replace("tok-1", "tok-2") + blank)
    assert [number for number, problem in report.problems if word in problem] == [2]
    assert (report.added, report.consents) == (1, 1)


@pytest.mark.parametrize("columns", ["method,method", "consent_amount", "method,", " "])
def test_a_column_that_nobody_knows_or_twice_is_refused_as_a_whole(database: Database, columns: str) -> None:
    with pytest.raises(CardsFileRefused, match="consent_how"):
        bring_more(database, columns, f"{ACCOUNT},sbp")
    assert list_cards(database, 1) == []
