"""QIWI's words (payments-docs, "Statuses, Types of the Operations, and Error Codes") and ours for them."""

from collections.abc import Mapping
from types import MappingProxyType

from gateways._declines import Reason
from gateways._orders import Outcome

TOKEN_NOT_ACCEPTED = "validation.error paymentToken"  # an error's code and the field it is about
NEEDS_CLIENT = "3DS"  # no code of QIWI's: a payment that waits for its client

_ERRORS: Mapping[str, Reason] = {
    # status.reason of a payment
    "INVALID_STATE": Reason.REQUEST_NOT_ACCEPTED,
    "INVALID_AMOUNT": Reason.REQUEST_NOT_ACCEPTED,
    "INVALID_RECEIVER_DATA": Reason.REQUEST_NOT_ACCEPTED,
    "BILL_ALREADY_PAID": Reason.REQUEST_NOT_ACCEPTED,
    "DECLINED_BY_MPI": Reason.CLIENT_DID_NOT_CONFIRM,
    "PAYMENT_EXPIRED_3DS": Reason.CLIENT_DID_NOT_CONFIRM,
    "DECLINED_BY_FRAUD": Reason.FRAUD_SUSPECTED,
    "ACQUIRING_SUSPECTED_FRAUD": Reason.FRAUD_SUSPECTED,
    "REATTEMPT_NOT_PERMITTED": Reason.OPERATION_FORBIDDEN,
    "REATTEMPT_NOT_PERMITTED_BY_PS": Reason.OPERATION_FORBIDDEN,
    "GATEWAY_INTEGRATION_ERROR": Reason.BANK_UNAVAILABLE,
    "GATEWAY_TECHNICAL_ERROR": Reason.BANK_UNAVAILABLE,
    "ACQUIRING_MPI_TECH_ERROR": Reason.BANK_UNAVAILABLE,
    "ACQUIRING_GATEWAY_TECH_ERROR": Reason.BANK_UNAVAILABLE,
    "ACQUIRING_ACQUIRER_ERROR": Reason.BANK_UNAVAILABLE,
    "ACQUIRING_AUTH_TECHNICAL_ERROR": Reason.BANK_UNAVAILABLE,
    "ACQUIRING_ISSUER_NOT_AVAILABLE": Reason.BANK_UNAVAILABLE,
    "PAYIN_PROCESSING_ERROR": Reason.BANK_UNAVAILABLE,
    "TRY_AGAIN_LATER": Reason.BANK_UNAVAILABLE,
    "ACQUIRING_LIMIT_EXCEEDED": Reason.LIMIT_EXCEEDED,
    "ACQUIRING_NOT_PERMITTED": Reason.REFUSED_BY_BANK,
    "ACQUIRING_INCORRECT_CVV": Reason.WRONG_CARD_DATA,
    "ACQUIRING_EXPIRED_CARD": Reason.CARD_EXPIRED,
    "ACQUIRING_INVALID_CARD": Reason.CARD_NOT_VALID,
    "ACQUIRING_INSUFFICIENT_FUNDS": Reason.INSUFFICIENT_FUNDS,
    "ACQUIRING_UNKNOWN": Reason.UNKNOWN,
}

_DETAILS: Mapping[str, Mapping[str, Reason]] = {
    # status.psErrorCode, by the reason it comes with, where it says more than the reason
    "REATTEMPT_NOT_PERMITTED_BY_PS": {
        "03": Reason.OPERATION_FORBIDDEN,
        "04": Reason.CARD_LOST,
        "12": Reason.OPERATION_FORBIDDEN,
        "15": Reason.CARD_NOT_VALID,
        "33": Reason.CARD_EXPIRED,
        "41": Reason.CARD_LOST,
        "43": Reason.CARD_LOST,
        "57": Reason.OPERATION_FORBIDDEN,
        "58": Reason.OPERATION_FORBIDDEN,
        "62": Reason.OPERATION_FORBIDDEN,
        "76": Reason.OPERATION_FORBIDDEN,
        "78": Reason.CARD_NOT_VALID,
        "92": Reason.OPERATION_FORBIDDEN,
        "93": Reason.OPERATION_FORBIDDEN,
        "94": Reason.OPERATION_FORBIDDEN,
        "CD": Reason.CARD_NOT_VALID,
        "TS": Reason.CONSENT_REVOKED,
    },
    "ACQUIRING_NOT_PERMITTED": {
        "05": Reason.REFUSED_BY_BANK,
        "13": Reason.REQUEST_NOT_ACCEPTED,
        "14": Reason.CARD_NOT_VALID,
        "30": Reason.REFUSED_BY_BANK,
        "63": Reason.REFUSED_BY_BANK,
        "96": Reason.BANK_UNAVAILABLE,
    },
    "ACQUIRING_INSUFFICIENT_FUNDS": {"51": Reason.INSUFFICIENT_FUNDS},
    "ACQUIRING_EXPIRED_CARD": {"54": Reason.CARD_EXPIRED},
    "ACQUIRING_LIMIT_EXCEEDED": {"61": Reason.LIMIT_EXCEEDED, "65": Reason.LIMIT_EXCEEDED},
    "ACQUIRING_INCORRECT_CVV": {"75": Reason.WRONG_CARD_DATA, "86": Reason.WRONG_CARD_DATA},
    "ACQUIRING_AUTH_TECHNICAL_ERROR": {"88": Reason.BANK_UNAVAILABLE},
    "ACQUIRING_ISSUER_NOT_AVAILABLE": {"91": Reason.BANK_UNAVAILABLE},
    "ACQUIRING_ACQUIRER_ERROR": {"CB": Reason.WRONG_CARD_DATA},
}

DECLINES: Mapping[str, Reason] = MappingProxyType(
    dict(_ERRORS)
    | {f"{error} {detail}": reason for error, details in _DETAILS.items() for detail, reason in details.items()}
    | {
        NEEDS_CLIENT: Reason.ACTION_REQUIRED,
        "validation.error": Reason.REQUEST_NOT_ACCEPTED,
        TOKEN_NOT_ACCEPTED: Reason.CARD_NOT_KNOWN,
    }
)

DECLINED = frozenset({"DECLINE", "DECLINED"})  # the first in notices, the second in answers
COMPLETED = frozenset({"COMPLETED", "SUCCESS"})  # likewise, the other way round

BILLS: Mapping[str, Outcome] = MappingProxyType(
    {
        "CREATED": Outcome.REGISTERED,
        "WAITING": Outcome.REGISTERED,
        "PAID": Outcome.SUCCEEDED,
        "REJECTED": Outcome.CANCELLED,
        "EXPIRED": Outcome.CANCELLED,
    }
)
