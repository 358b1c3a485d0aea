"""The declaration of a robot as a portal's designer takes it: names, properties, results; no code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

PropertyType = Literal["bool", "date", "datetime", "double", "int", "select", "string", "text", "user"]


@dataclass(frozen=True, slots=True)
class Words:
    """The same words for both kinds of people; a portal in another language shows the English ones."""

    ru: str
    en: str

    def as_bitrix24(self) -> dict[str, str]:
        return {"ru": self.ru, "en": self.en}

    def in_language(self, language: str) -> str:
        return self.ru if language == "ru" else self.en


@dataclass(frozen=True, slots=True)
class PropertyDeclaration:
    """One line of the designer's form, or one result a later step may use. A select's default is a key."""

    name: Words
    type: PropertyType
    description: Words | None = None
    required: bool = False
    multiple: bool = False
    default: str | None = None
    options: Mapping[str, Words] = field(default_factory=dict)

    def as_bitrix24(self, language: str) -> dict[str, Any]:
        """The property as `bizproc.robot.add` takes it; option titles have no language map there: the portal's own."""
        shape: dict[str, Any] = {
            "Name": self.name.as_bitrix24(),
            "Type": self.type,
            "Required": "Y" if self.required else "N",
            "Multiple": "Y" if self.multiple else "N",
        }
        if self.description:
            shape["Description"] = self.description.as_bitrix24()
        if self.options:
            shape["Options"] = {key: words.in_language(language) for key, words in self.options.items()}
        if self.default is not None:
            shape["Default"] = self.default
        return shape


@dataclass(frozen=True, slots=True)
class Declaration:
    """A robot's code and words, its form in the order people see it, and its results."""

    code: str
    name: Words
    description: Words
    properties: Mapping[str, PropertyDeclaration]
    return_properties: Mapping[str, PropertyDeclaration]
