"""Why there is no usable answer of an acquirer, named by what to do next.

    Trouble
    +-- NotSent             surely not taken: the same may be sent again
    +-- OutcomeUnknown      it may have been taken: ask by our own number before anything else
    +-- Misconfigured       surely not taken, nor will be until a person has changed something: stop the terminal,
                            unless it was one by SBP or one that saves its card, which may be all that is not
                            permitted
    InvalidSignature        a notice that its acquirer did not send

A declined card is no trouble: it is a result.
"""


class Trouble(Exception):
    """The text names the acquirer's address and what happened; no secret and no body is in it."""


class NotSent(Trouble):
    pass


class OutcomeUnknown(Trouble):
    pass


class Misconfigured(Trouble):
    """`placed`: an order stands all the same, whose page or code nobody has been given."""

    def __init__(self, text: str, *, placed: bool = False) -> None:
        super().__init__(text)
        self.placed = placed


class InvalidSignature(Exception):
    pass
