"""A refusal: the error that already is the sentence its user reads, in Russian and in English."""

from collections.abc import Sequence

_SHOWN_LENGTH = 60


class Refusal(ValueError):
    """Input that cannot be worked with.

    `code` is a lower-case word with underscores, the same for ever (portals branch on it); `ru` and `en` are one
    sentence each that names the thing, shows the value received and says what to do next.
    """

    def __init__(self, code: str, *, ru: str, en: str) -> None:
        super().__init__(en)
        self.code = code
        self.ru = ru
        self.en = en

    def text(self, language: str) -> str:
        """The sentence for a portal's language: Russian for `ru`, English for every other."""
        return self.ru if language == "ru" else self.en


def shown(value: object) -> str:
    """A received value for a sentence: on one line and not longer than a person will read."""
    text = " ".join(str(value).split())
    return text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 1] + "…"


def either(ways: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Ways out, each in Russian and in English, as one list for a sentence: `a, b or c`."""
    russian, english = zip(*ways, strict=True)
    return _listed(russian, "или"), _listed(english, "or")


def _listed(words: Sequence[str], last: str) -> str:
    *others, final = words
    return f"{', '.join(others)} {last} {final}" if others else final
