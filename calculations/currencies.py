"""The currencies of ISO 4217 with their number of decimals, and the words people write for some of them."""


def exponent(code: str) -> int:
    """How many decimals a currency has; an unknown code is the refusal `currency_unknown`."""
    raise NotImplementedError
