"""The supported elements and attributes of SSML, and where each is allowed."""

from collections.abc import Mapping

from server.text.markup.positions import MarkupError, quoted
from server.text.markup.xml_events import StartElement

ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "speak": ("version", "voice", "rate", "pitch", "volume", "range", "pauses"),
    "p": (), "s": (), "w": ("role",), "token": ("role",), "lang": (),
    "break": ("time", "strength"),
    "prosody": ("rate", "pitch", "volume", "range", "pauses"),
    "emotion": ("category", "intensity"),
    "voice": ("name",),
    "say-as": ("interpret-as", "format", "detail"),
    "phoneme": ("alphabet", "ph"),
    "sub": ("alias",),
}  # fmt: skip
"""Element -> its attributes. `xml:...`, `xmlns...` and `xsi:...` are allowed on every element and have no effect."""
_REQUIRED_ATTRIBUTES = {
    "emotion": "category", "voice": "name", "say-as": "interpret-as", "phoneme": "ph", "sub": "alias",
}  # fmt: skip
_UNSUPPORTED_ELEMENTS = {
    "audio": "recordings are not supported; remove the element, or write the words to speak",
    "lexicon": "external lexicons are not fetched; give readings with <phoneme>, or in the configuration",
}
IGNORED_ELEMENTS = ("mark", "bookmark", "desc", "meta", "metadata")
REPLACED_ELEMENTS = ("say-as", "phoneme", "sub")
"""Elements that contain only text, and replace it with what is spoken."""


def validate_element(element: StartElement, parent: str) -> None:
    """Raises `MarkupError` for an element or attribute that is not allowed; `parent` is empty for the root."""
    name = element.name
    if (name == "speak") != (not parent):
        raise MarkupError("<speak> must be the outermost element; write it once, around everything")
    if name in _UNSUPPORTED_ELEMENTS:
        raise MarkupError(f"<{name}>: {_UNSUPPORTED_ELEMENTS[name]}")
    if name not in ATTRIBUTES:
        valid = ", ".join((*ATTRIBUTES, *IGNORED_ELEMENTS))
        raise MarkupError(f"the element <{quoted(name)[1:-1]}> is not known; valid: {valid}")
    if parent == "break":
        raise MarkupError(f"<break> must be empty; write <break/> before <{name}>")
    if parent in REPLACED_ELEMENTS:
        raise MarkupError(f"<{parent}> must contain only text; close it before <{name}>")
    _validate_attributes(element)


def _validate_attributes(element: StartElement) -> None:
    name, valid = element.name, ATTRIBUTES[element.name]
    for attribute in element.attributes:
        if attribute not in valid and not attribute.startswith(("xml:", "xmlns", "xsi:")):
            listed = f"valid: {', '.join(valid)}" if valid else "it has none"
            raise MarkupError(f"<{name}> has no attribute {quoted(attribute)}; {listed}")
    required = _REQUIRED_ATTRIBUTES.get(name)
    if required and not element.attributes.get(required, "").strip():
        raise MarkupError(f"<{name}> needs the attribute {required!r} with a value")
