"""INN: a Russian taxpayer's number, whose last digits follow from the others (FNS order MM-3-09/536)."""

_OF_COMPANY = (2, 4, 10, 3, 5, 9, 4, 6, 8)
_OF_PERSON = ((7, 2, 4, 10, 3, 5, 9, 4, 6, 8), (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8))


def is_inn(text: str) -> bool:
    """Whether these are 10 or 12 digits of an INN with the right check digits."""
    if not (text.isascii() and text.isdigit()) or not int(text):
        return False
    if len(text) == 10:
        return _check_digit(text, _OF_COMPANY) == text[9]
    return len(text) == 12 and all(_check_digit(text, weights) == text[len(weights)] for weights in _OF_PERSON)


def inn_in_words(text: str) -> str:
    """An INN as it was written, for people, with what is wrong with it."""
    if not text or is_inn(text):
        return f"INN {text or 'none'}"
    if text.isascii() and text.isdigit() and len(text) in (10, 12):
        return f"INN {text} has a wrong check digit"
    return f"INN {text} is none: an INN has 10 or 12 digits"


def _check_digit(digits: str, weights: tuple[int, ...]) -> str:
    total = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))
    return str(total % 11 % 10)
