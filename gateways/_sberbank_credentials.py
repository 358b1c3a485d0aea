"""What Sberbank gave a shop, and where each flavour of its protocol lives."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from gateways._gateway import Credentials

Flavour = Literal["rbs", "ecom", "yookassa"]

ADDRESSES: Mapping[Flavour, str] = MappingProxyType(
    {
        "rbs": "https://securepayments.sberbank.ru/",
        "ecom": "https://ecommerce.sberbank.ru/",
        "yookassa": "https://3dsec-payments.yookassa.ru/",
    }
)
FORM_PATH = "payment/rest/"
ECOM_PATH = "ecomm/gw/partner/api/v1/"
ECOM_RECEIPTS_PATH = "ecomm/gw/partner/api/ofd/v1/"


class SberbankCredentials(Credentials):
    flavour: Flavour = Field(
        title="Вид протокола / Flavour",
        description="rbs (securepayments.sberbank.ru), ecom (ecommerce.sberbank.ru) or yookassa",
    )
    user_name: str = Field(
        min_length=1, title="Логин API / API login", description="ends in -api at rbs; not the login of the cabinet"
    )
    password: str = Field(min_length=1, repr=False, title="Пароль API / API password")
    callback_key: str = Field(
        default="", repr=False, title="Ключ уведомлений / Callback key", description="for checksums by HMAC-SHA256"
    )
    callback_public_key: str = Field(
        default="",
        repr=False,
        title="Открытый ключ уведомлений / Callback public key",
        description="PEM, a key or its certificate, for checksums by RSA",
    )
    callback_hash: Literal["sha512", "sha256"] = Field(
        default="sha512", title="Хэш подписи RSA / Hash of the RSA checksum"
    )
    address: str = Field(
        default="",
        title="Другой адрес / Another address",
        description="of a test stand or another RBS bank, up to payment/rest/: https://3dsec.sberbank.ru/",
    )
    sbp_prefix: str = Field(
        default="sbp/c2b/qr/dynamic",
        title="Путь СБП / Path of SBP",
        description="of the form flavours, below payment/rest/",
    )
    ffd_version: Literal["1.05", "1.2"] = Field(default="1.05", title="Версия ФФД / Fiscal data format")
    tax_codes: str = Field(
        default="",
        title="Коды НДС / VAT codes",
        description="the bank's taxType where it differs from ours: vat22=12, vat122=13",
    )
    company_email: str = Field(default="", title="E-mail компании для чека / Company's e-mail on receipts (ecom)")
    company_inn: str = Field(default="", title="ИНН для чека / Company's tax number on receipts (ecom)")
    company_site: str = Field(default="", title="Сайт для чека / Company's site on receipts (ecom)")

    @property
    def account(self) -> str:
        return f"{self.user_name} at {self.address or self.flavour}"

    @property
    def base(self) -> str:
        return self.address or ADDRESSES[self.flavour]

    @property
    def is_ecom(self) -> bool:
        return self.flavour == "ecom"
