"""XML -> what opens, closes and stands between, each with its place in the client's text.

The standard library's expat reads it, and whatever could make it expand or fetch something (a document type, and with
it every entity; processing instructions) ends the reading at once. So time and memory grow with the text alone.
"""

from collections.abc import Mapping
from typing import NamedTuple
from xml.parsers import expat
from xml.parsers.expat import errors

from server.errors import RequestError
from server.text.markup.positions import refusal, shown

CODE = "invalid_ssml"
DEEPEST = 32
"""Elements inside each other."""
MOST_ELEMENTS = 20_000
LONGEST_ATTRIBUTE = 1000
_MISTAKES = {
    errors.XML_ERROR_UNDEFINED_ENTITY: "this entity is not known; valid: &lt; &gt; &amp; &quot; &apos; &#20013;",
    errors.XML_ERROR_BAD_CHAR_REF: "this number is no character that XML allows; leave it out",
    errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT: "something follows </speak>; put everything into one <speak>",
    errors.XML_ERROR_DUPLICATE_ATTRIBUTE: "an attribute is given twice; give it once",
    errors.XML_ERROR_XML_DECL: 'the XML declaration cannot be used; write <?xml version="1.0"?> or leave it out',
    errors.XML_ERROR_UNCLOSED_CDATA_SECTION: "<![CDATA[ is not closed; close it with ]]>",
    errors.XML_ERROR_UNCLOSED_TOKEN: "a tag or an entity that begins here does not end; write < as &lt; and & as &amp;",
}
_NOT_XML = "this is no well-formed XML; write < as &lt; and & as &amp; in text, and quote the values of attributes"


class Opening(NamedTuple):
    name: str
    attributes: Mapping[str, str]
    place: int


class Closing(NamedTuple):
    name: str
    place: int


class Characters(NamedTuple):
    """Text from `start` to `end`: character by character as it stands there, or one that is written with several."""

    text: str
    start: int
    end: int


Event = Opening | Closing | Characters


def read_markup(text: str, start: int = 0) -> list[Event]:
    """Everything of the document that begins at `start`. Raises `RequestError` with line and column."""
    try:
        return _Reading(text, start).events()
    except UnicodeEncodeError as error:
        raise refusal(
            text, start + error.start, "half of a surrogate pair is no character; leave it out", CODE
        ) from None


class _Reading:
    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._encoded = text[start:].encode()
        self._byte, self._place = 0, start
        self._events: list[Event] = []
        self._open: list[str] = []
        self._elements = 0
        self._verbatim = False

    def events(self) -> list[Event]:
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler = self._opening
        parser.EndElementHandler = self._closing
        parser.CharacterDataHandler = self._characters
        parser.StartCdataSectionHandler = lambda: self._cdata(True)
        parser.EndCdataSectionHandler = lambda: self._cdata(False)
        parser.StartDoctypeDeclHandler = lambda *_: self._refuse_document_type()
        parser.EntityDeclHandler = lambda *_: self._refuse("an entity declaration is not allowed; remove it")
        parser.ProcessingInstructionHandler = lambda *_: self._refuse(
            "a processing instruction is not allowed; remove <? ... ?>"
        )
        try:
            parser.Parse(self._encoded, True)
        except expat.ExpatError as error:
            raise self._mistake(error.code) from None
        return self._events

    def _opening(self, name: str, attributes: dict[str, str]) -> None:
        self._open.append(name)
        self._elements += 1
        if len(self._open) > DEEPEST:
            self._refuse(f"elements are nested deeper than {DEEPEST}; nest fewer")
        if self._elements > MOST_ELEMENTS:
            self._refuse(f"there are more than {MOST_ELEMENTS} elements; send the text in parts")
        for attribute, value in attributes.items():
            if len(value) > LONGEST_ATTRIBUTE:
                self._refuse(f"{shown(attribute)} has {len(value)} characters; valid: at most {LONGEST_ATTRIBUTE}")
        self._events.append(Opening(name, attributes, self._here()))

    def _closing(self, name: str) -> None:
        self._open.pop()
        self._events.append(Closing(name, self._here()))

    def _characters(self, chars: str) -> None:
        start = self._here()
        end = start + len(chars)
        if self._text[start] == "&" and not self._verbatim:
            end = self._text.index(";", start) + 1
        elif chars == "\n" and self._text.startswith("\r\n", start):
            end = start + 2
        self._events.append(Characters(chars, start, end))

    def _cdata(self, verbatim: bool) -> None:
        self._verbatim = verbatim

    def _here(self) -> int:
        return self._at(self._parser.CurrentByteIndex)

    def _at(self, byte: int) -> int:
        """The character at a byte. Bytes are asked for in rising order, so all of them together cost one decoding."""
        self._place += len(self._encoded[self._byte : byte].decode(errors="ignore"))
        self._byte = byte
        return self._place

    def _refuse(self, message: str) -> None:
        raise refusal(self._text, self._here(), message, CODE)

    def _refuse_document_type(self) -> None:
        place = max(self._text.rfind("<!DOCTYPE", 0, self._here() + 1), 0)
        raise refusal(self._text, place, "a document type (DTD) is not allowed; remove <!DOCTYPE ...>", CODE)

    def _mistake(self, code: int) -> RequestError:
        place = self._at(self._parser.ErrorByteIndex)
        innermost = f"<{self._open[-1]}>" if self._open and len(self._open[-1]) < 40 else "the element around it"
        message = _MISTAKES.get(errors.messages[code], _NOT_XML)
        if errors.messages[code] == errors.XML_ERROR_TAG_MISMATCH:
            place = max(self._text.rfind("</", 0, place), 0)
            message = f"this tag closes another element than the one that is open, {innermost}; close that one first"
        elif errors.messages[code] == errors.XML_ERROR_NO_ELEMENTS and self._open:
            message = f"the text ends, and {innermost} is still open; close it"
        return refusal(self._text, place, message, CODE)
