"""What every refusal must be: a stable code and a sentence in both languages."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from calculations.refusal import Refusal


@contextmanager
def refused(code: str, *shown: str) -> Iterator[pytest.ExceptionInfo[Refusal]]:
    """The block is refused with this code, and both sentences show these values."""
    with pytest.raises(Refusal) as caught:
        yield caught
    refusal = caught.value
    assert refusal.code == code
    assert re.search("[а-я]", refusal.ru), refusal.ru
    assert not re.search("[а-я]", re.sub('[«"].*?[»"]', "", refusal.en)), refusal.en
    for value in shown:
        assert value in refusal.ru
        assert value in refusal.en
