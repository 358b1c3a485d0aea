"""The currencies of ISO 4217 with their number of decimals, and the words people write for some of them."""

from collections.abc import Mapping
from types import MappingProxyType

from calculations.refusal import Refusal, shown

_TWO_DECIMALS = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW
    CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS
    INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN
    NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC
    SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DECIMALS = "CLF UYW"

EXPONENTS: Mapping[str, int] = MappingProxyType(
    {
        code: decimals
        for decimals, codes in ((2, _TWO_DECIMALS), (0, _NO_DECIMALS), (3, _THREE_DECIMALS), (4, _FOUR_DECIMALS))
        for code in codes.split()
    }
)
"""Decimals by code: the list of ISO 4217 with BGN, still met in older documents; funds and metals are left out."""

# A word that several currencies share (¥, манат, $ of other countries) is not here: the reader would have to guess.
_WORDS = {
    "RUB": "₽ р руб рубль рубля рублей рубли rur ruble rubles rouble roubles",
    "USD": "$ долл доллар доллара долларов доллары dollar dollars",
    "EUR": "€ евро euro euros",
    "GBP": "£",
    "BYN": "белруб br",
    "CNY": "юань юаня юаней юани",
    "KZT": "₸ тг тенге",
    "UAH": "₴ грн гривна гривны гривен",
    "UZS": "сум сума сумов",
    "KGS": "сом сома сомов",
    "AMD": "֏ драм драма драмов",
    "GEL": "₾ лари",
    "AZN": "₼",
    "TRY": "₺",
    "INR": "₹",
    "KRW": "₩",
    "PLN": "zł злотый злотых",
}
_CODE_OF_WORD = {word: code for code, words in _WORDS.items() for word in words.split()}


def exponent(code: str) -> int:
    """How many decimals a currency has; an unknown code is the refusal `currency_unknown`."""
    if code not in EXPONENTS:
        raise _unknown(code)
    return EXPONENTS[code]


def currency_code(text: str) -> str:
    """The code behind a code in any letter case or behind a word or sign: `rub`, `руб.`, `₽` -> `RUB`."""
    code = text.strip().upper()
    if code in EXPONENTS:
        return code
    word = "".join(text.casefold().replace(".", "").split())
    if word not in _CODE_OF_WORD:
        raise _unknown(text)
    return _CODE_OF_WORD[word]


def _unknown(text: str) -> Refusal:
    return Refusal(
        "currency_unknown",
        ru=f"Валюта «{shown(text)}» неизвестна: укажите код ISO 4217, например RUB",
        en=f'The currency "{shown(text)}" is unknown: give an ISO 4217 code such as RUB',
    )
