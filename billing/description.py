"""What a payment is called where nobody has called it anything: people read this, so never a code of the CRM."""

from collections.abc import Mapping
from types import MappingProxyType

from schemas.binding import COMPANY, CONTACT, DEAL, LEAD, QUOTE, SMART_INVOICE, Binding
from schemas.declaration import Words

NAMELESS = Words("Оплата", "Payment")
BY_KIND: Mapping[int, Words] = MappingProxyType(
    {
        LEAD: Words("Оплата по заявке {item}", "Payment for request {item}"),
        DEAL: Words("Оплата по сделке {item}", "Payment for deal {item}"),
        CONTACT: NAMELESS,
        COMPANY: NAMELESS,
        QUOTE: Words("Оплата по предложению {item}", "Payment for quote {item}"),
        # An invoice has a number besides its id in the CRM: “invoice 7” would be another one to its payer, and to the
        # rules that match bank transfers.
        SMART_INVOICE: Words("Оплата по счёту (код {item})", "Payment for invoice (code {item})"),
    }
)
OF_OTHER_KINDS = Words("Оплата по документу {item}", "Payment for document {item}")


def description_of(document: str) -> Words:
    """Of a CRM binding."""
    binding = Binding.parse(document)
    words = BY_KIND.get(binding.entity_type_id, OF_OTHER_KINDS)
    return Words(words.ru.format(item=binding.item_id), words.en.format(item=binding.item_id))
