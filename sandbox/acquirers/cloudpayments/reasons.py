"""Why a bank refuses: `ReasonCode` with its `Reason` and what the payer reads, after the chapter on error codes."""

from __future__ import annotations

ASK_BANK = "Свяжитесь с вашим банком или воспользуйтесь другой картой"
OTHER_CARD = "Воспользуйтесь другой картой"
CHECK_DATA = "Проверьте правильность введенных данных карты или воспользуйтесь другой картой"
LATER = "Повторите попытку позже"
NOT_POSSIBLE = "Невозможно провести оплату"

REASONS: dict[str, tuple[str, str]] = {
    "3001": ("InvalidInvoiceId", NOT_POSSIBLE),
    "3002": ("InvalidAccountId", NOT_POSSIBLE),
    "3003": ("InvalidAmount", NOT_POSSIBLE),
    "3004": ("OutOfDate", "Платёж просрочен"),
    "3005": ("FormatError", NOT_POSSIBLE),
    "3006": ("Unavailable", LATER),
    "3007": ("UnableToConnect", LATER),
    "3008": ("NotAccepted", NOT_POSSIBLE),
    "5001": ("ReferToCardIssuer", ASK_BANK),
    "5003": ("InvalidMerchant", ASK_BANK),
    "5004": ("PickUpCard", ASK_BANK),
    "5005": ("DoNotHonor", ASK_BANK),
    "5006": ("Error", CHECK_DATA),
    "5012": ("InvalidTransaction", OTHER_CARD),
    "5013": ("AmountError", "Проверьте корректность суммы"),
    "5014": ("InvalidCardNumber", CHECK_DATA),
    "5017": ("CustomerCancellation", OTHER_CARD),
    "5030": ("FormatError", LATER),
    "5034": ("SuspectedFraud", ASK_BANK),
    "5041": ("LostCard", ASK_BANK),
    "5043": ("StolenCard", ASK_BANK),
    "5051": ("InsufficientFunds", "Недостаточно средств на карте"),
    "5054": ("ExpiredCard", CHECK_DATA),
    "5057": ("TransactionNotPermitted", ASK_BANK),
    "5065": ("ExceedWithdrawalFrequency", ASK_BANK),
    "5082": ("IncorrectCVV", "Неверно указан код CVV"),
    "5091": ("Timeout", LATER),
    "5092": ("CannotReachNetwork", LATER),
    "5096": ("SystemError", LATER),
    "5204": ("UnableToProcess", ASK_BANK),
    "5206": ("AuthenticationFailed", ASK_BANK),
    "5207": ("AuthenticationUnavailable", ASK_BANK),
    "5300": ("AntiFraud", OTHER_CARD),
    "6001": ("SaveCardRefused", NOT_POSSIBLE),
    "6010": ("SubscriptionNotFound", NOT_POSSIBLE),
    "6025": ("CrossTerminalTokenRestriction", NOT_POSSIBLE),
}


def reason_of(code: str) -> str:
    return REASONS.get(code, ("Unknown", ""))[0]


def message_of(code: str) -> str:
    return REASONS.get(code, ("", ASK_BANK))[1]
