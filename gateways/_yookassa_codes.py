"""The words of YooKassa's API v3 (OpenAPI specification, PaymentCancellationDetails and others) and ours for them."""

from collections.abc import Mapping
from types import MappingProxyType

from gateways._declines import Reason
from gateways._receipt import ReceiptStatus, Settlement, TaxSystem, Vat

# the saved method is the parameter that an error names
METHOD_NOT_KNOWN = "payment_method_id"
WANTS_CLIENT = "3ds_required"  # no code of YooKassa's: it answered a charge with a page for the client

DECLINES: Mapping[str, Reason] = MappingProxyType(
    {
        # cancellation_details.reason of a payment
        "3d_secure_failed": Reason.CLIENT_DID_NOT_CONFIRM,
        "call_issuer": Reason.REFUSED_BY_BANK,
        "card_expired": Reason.CARD_EXPIRED,
        "country_forbidden": Reason.OPERATION_FORBIDDEN,
        "expired_on_confirmation": Reason.CLIENT_DID_NOT_PAY,
        "fraud_suspected": Reason.FRAUD_SUSPECTED,
        "general_decline": Reason.REFUSED_BY_BANK,
        "identification_required": Reason.LIMIT_EXCEEDED,
        "insufficient_funds": Reason.INSUFFICIENT_FUNDS,
        "internal_timeout": Reason.BANK_UNAVAILABLE,
        "invalid_card_number": Reason.CARD_NOT_VALID,
        "invalid_csc": Reason.WRONG_CARD_DATA,
        "issuer_unavailable": Reason.BANK_UNAVAILABLE,
        "payment_method_limit_exceeded": Reason.LIMIT_EXCEEDED,
        "payment_method_restricted": Reason.OPERATION_FORBIDDEN,
        "permission_revoked": Reason.CONSENT_REVOKED,
        "unsupported_mobile_operator": Reason.OPERATION_FORBIDDEN,
        WANTS_CLIENT: Reason.ACTION_REQUIRED,
        # codes of errors: nothing was created
        "invalid_request": Reason.REQUEST_NOT_ACCEPTED,
        "not_found": Reason.REQUEST_NOT_ACCEPTED,
        "http_400": Reason.REQUEST_NOT_ACCEPTED,
        "http_404": Reason.REQUEST_NOT_ACCEPTED,
        "http_405": Reason.REQUEST_NOT_ACCEPTED,
        "http_410": Reason.REQUEST_NOT_ACCEPTED,
        "http_415": Reason.REQUEST_NOT_ACCEPTED,
        f"invalid_request:{METHOD_NOT_KNOWN}": Reason.CARD_NOT_KNOWN,
        f"not_found:{METHOD_NOT_KNOWN}": Reason.CARD_NOT_KNOWN,
        "payment_method_not_found": Reason.CARD_NOT_KNOWN,
        "gone": Reason.CARD_NOT_KNOWN,
    }
)

NOBODY_REFUSED = frozenset(
    {"canceled_by_merchant", "deal_expired", "expired_on_capture", "expired_on_confirmation", "payment_expired"}
)
"""Reasons for which a payment is closed although no bank and nobody else refused it."""

REFUND_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "general_decline": "no reason given, ask YooKassa's support",
        "insufficient_funds": "today's takings of the shop are less than the refund, or the shop owes YooKassa",
        "payment_article_number_not_found": "an item was not paid with an electronic certificate",
        "payment_basket_id_not_found": "no approved basket of an electronic certificate",
        "payment_tru_code_not_found": "an item was not paid with an electronic certificate",
        "rejected_by_payee": "the client's bank refused, without a reason: agree with the client on another way",
        "rejected_by_timeout": "the client's bank did not answer in time: refund again later",
        "some_articles_already_refunded": "some items were given back before",
        "too_many_refunding_articles": "more items than were paid for",
        "yoo_money_account_closed": "the client has closed the wallet: agree with the client on another way",
    }
)

RECEIPT_STATUSES: Mapping[str, ReceiptStatus] = MappingProxyType(
    {"pending": "pending", "succeeded": "done", "canceled": "failed"}
)

TAX_SYSTEMS: Mapping[TaxSystem, int] = MappingProxyType(
    {
        TaxSystem.OSN: 1,
        TaxSystem.USN_INCOME: 2,
        TaxSystem.USN_INCOME_OUTCOME: 3,
        TaxSystem.ESN: 5,
        TaxSystem.PATENT: 6,
    }
)

VAT_CODES: Mapping[Vat, int] = MappingProxyType(
    {
        Vat.NONE: 1,
        Vat.VAT0: 2,
        Vat.VAT10: 3,
        Vat.VAT20: 4,
        Vat.VAT110: 5,
        Vat.VAT120: 6,
        Vat.VAT5: 7,
        Vat.VAT7: 8,
        Vat.VAT105: 9,
        Vat.VAT107: 10,
        Vat.VAT22: 11,
        Vat.VAT122: 12,
    }
)

PAYMENT_MODES: Mapping[Settlement, str] = MappingProxyType(
    {one: "partial_prepayment" if one is Settlement.PREPAYMENT else one.value for one in Settlement}
)
