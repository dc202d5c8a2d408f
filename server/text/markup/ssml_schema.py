"""The elements and attributes of SSML that are known here, and where each may stand."""

from collections.abc import Mapping

from server.text.markup.positions import MarkupError, shown
from server.text.markup.xml_events import Opening

ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "speak": ("version", "voice", "rate", "pitch", "volume"),
    "p": (), "s": (), "w": ("role",), "token": ("role",), "lang": (),
    "break": ("time", "strength"),
    "prosody": ("rate", "pitch", "volume"),
    "emotion": ("category", "intensity"),
    "voice": ("name",),
    "say-as": ("interpret-as", "format", "detail"),
    "phoneme": ("alphabet", "ph"),
    "sub": ("alias",),
}  # fmt: skip
"""Elements and their own attributes; `xml:...` and `xmlns...` may stand everywhere and change nothing."""
_REQUIRED = {"emotion": "category", "voice": "name", "say-as": "interpret-as", "phoneme": "ph", "sub": "alias"}
_REFUSED = {
    "audio": "recordings cannot be played here; remove it, or write what is to be said",
    "lexicon": "nothing is fetched from elsewhere; give readings with <phoneme>, or in the configuration",
}
IGNORED = ("mark", "bookmark", "desc", "meta", "metadata")
REPLACED = ("say-as", "phoneme", "sub")
"""Elements of text alone, which something else is spoken for."""


def check(event: Opening, outside: str) -> None:
    """`outside` is the element around it, empty for none. Raises `MarkupError` for what may not stand there."""
    name = event.name
    if (name == "speak") != (not outside):
        raise MarkupError("<speak> is the outermost element; write it once, around everything")
    if name in _REFUSED:
        raise MarkupError(f"<{name}>: {_REFUSED[name]}")
    if name not in ATTRIBUTES:
        known = ", ".join((*ATTRIBUTES, *IGNORED))
        raise MarkupError(f"the element <{shown(name)[1:-1]}> is not known; valid: {known}")
    if outside == "break":
        raise MarkupError(f"<break> has nothing in it; write <break/> before <{name}>")
    if outside in REPLACED:
        raise MarkupError(f"<{outside}> has text alone in it; close it before <{name}>")
    valid = ATTRIBUTES[name]
    for attribute in event.attributes:
        if attribute not in valid and not attribute.startswith(("xml:", "xmlns", "xsi:")):
            listed = f"valid: {', '.join(valid)}" if valid else "it has none"
            raise MarkupError(f"<{name}> has no attribute {shown(attribute)}; {listed}")
    required = _REQUIRED.get(name)
    if required and not event.attributes.get(required, "").strip():
        raise MarkupError(f"<{name}> needs the attribute {required!r} with a value")
