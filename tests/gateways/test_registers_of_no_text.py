"""A file that is no text is told by every reader of registers in a sentence, never by a crash."""

from collections.abc import Callable

import pytest

from gateways import Register, RegisterUnreadable, _qiwi_register, _sberbank_register, _tbank_register
from gateways import _yookassa_register as _yookassa

OLD_EXCEL = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(range(256)) * 4
NEW_EXCEL = b"PK\x03\x04" + bytes(range(256))


@pytest.mark.parametrize(
    "read",
    [
        _sberbank_register.read_register,
        _tbank_register.read_register,
        _qiwi_register.read_register,
        _yookassa.read_register,
    ],
)
@pytest.mark.parametrize(
    "content", [OLD_EXCEL, NEW_EXCEL, b"a\rb;c\r\xff", "а;б\rв;г\n".encode("cp1251"), b'"a;' * 70_000]
)
def test_what_is_no_csv_is_told(read: Callable[[bytes], Register], content: bytes) -> None:
    with pytest.raises(RegisterUnreadable):
        read(content)
