"""What every gateway of the folder keeps to, whichever acquirer it speaks to."""

import re
from typing import get_args

import pytest

from calculations.currencies import exponent
from gateways import (
    DECLINES,
    AnyGateway,
    Capability,
    DeclineKind,
    Gateway,
    Http,
    Reason,
    kinds_of_gateways,
    open_gateways,
)

KINDS = kinds_of_gateways()
every_gateway = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)


def test_a_file_in_the_folder_is_a_gateway_and_codes_are_unique() -> None:
    codes = [kind.code for kind in KINDS]
    assert "sandbox" in codes
    assert len(codes) == len(set(codes))


@every_gateway
def test_its_code_is_its_files_name_and_it_has_a_title_in_both_languages(kind: type[AnyGateway]) -> None:
    assert kind.__module__ == f"gateways.{kind.code}"
    assert re.search("[а-яё]", kind.title.ru)
    assert re.search("[a-z]", kind.title.en)


@every_gateway
def test_it_can_do_what_it_says_and_says_what_it_can_do(kind: type[AnyGateway]) -> None:
    written = {one for one in Capability if getattr(kind, one.value) is not getattr(Gateway, one.value)}
    assert written == kind.capabilities


@every_gateway
def test_its_own_address_is_https_with_a_final_slash(kind: type[AnyGateway]) -> None:
    assert re.fullmatch(r"(https://[^/ ]+/([^ ]*/)?)?", kind.address)


@every_gateway
def test_it_takes_known_currencies_and_sbp_in_roubles_only(kind: type[AnyGateway]) -> None:
    gateway = kind(Http("https://acquirer.example/", lambda: 0.0))
    for currency in gateway.currencies_by("card") or ():
        assert exponent(currency) >= 0
    assert gateway.currencies_by("sbp") == frozenset({"RUB"})


@every_gateway
def test_each_of_its_decline_codes_has_a_reason_with_words_and_a_policy(kind: type[AnyGateway]) -> None:
    assert kind.declines
    assert set(kind.declines.values()) <= set(DECLINES)
    gateway = kind(Http("https://acquirer.example/", lambda: 0.0))
    assert gateway.reason_of("a code nobody has seen") is Reason.UNKNOWN


@every_gateway
def test_its_credentials_name_each_field_and_keep_secrets_out_of_their_text(kind: type[AnyGateway]) -> None:
    model = kind(Http("https://acquirer.example/", lambda: 0.0)).credentials
    choices = {name: get_args(field.annotation) for name, field in model.model_fields.items()}
    canaries = {name: one_of[0] if one_of else f"canary-{name}" for name, one_of in choices.items()}
    credentials = model.model_validate(canaries)
    assert all(field.title for field in model.model_fields.values())
    shown = {name for name, canary in canaries.items() if canary in repr(credentials)}
    assert not {name for name in shown if re.search("secret|password|key", name)}
    assert credentials.account


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_policy_and_a_sentence_in_both_languages(reason: Reason) -> None:
    decline = DECLINES[reason]
    assert decline.kind in get_args(DeclineKind)
    assert re.fullmatch(r"[А-ЯЁ].*[а-яё]\.", decline.words.ru)
    assert re.fullmatch(r"[A-Z].*[a-z]\.", decline.words.en)


def test_a_gateway_without_an_address_of_its_own_is_there_only_while_one_is_given() -> None:
    assert "sandbox" not in open_gateways({}, lambda: 0.0)
    opened = open_gateways({"sandbox": "http://127.0.0.1:1/acquirer/"}, lambda: 0.0)
    assert opened["sandbox"].http.address == "http://127.0.0.1:1/acquirer/"
