"""Parses XML into start tags, end tags and character data, each with its position in the client's text.

The parser is expat of the standard library. A document type (and with it every entity declaration) or a processing
instruction is an error, so nothing is ever expanded or fetched: time and memory grow only with the text.
"""

from collections.abc import Mapping
from typing import NamedTuple
from xml.parsers import expat
from xml.parsers.expat import errors

from server.errors import RequestError
from server.text.markup.positions import markup_error_at, quoted

ERROR_CODE = "invalid_ssml"
MAX_DEPTH = 32
"""Elements inside each other."""
MAX_ELEMENTS = 20_000
MAX_ATTRIBUTE_CHARACTERS = 1000
_MESSAGES = {
    errors.XML_ERROR_UNDEFINED_ENTITY: "this entity is not known; valid: &lt; &gt; &amp; &quot; &apos; &#20013;",
    errors.XML_ERROR_BAD_CHAR_REF: "this number is no character that XML allows; remove it",
    errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT: "there is text after </speak>; put everything into one <speak>",
    errors.XML_ERROR_DUPLICATE_ATTRIBUTE: "an attribute is given twice; give it once",
    errors.XML_ERROR_XML_DECL: 'the XML declaration is not valid; write <?xml version="1.0"?> or remove it',
    errors.XML_ERROR_UNCLOSED_CDATA_SECTION: "<![CDATA[ is not closed; close it with ]]>",
    errors.XML_ERROR_UNCLOSED_TOKEN: "a tag or an entity that begins here does not end; write < as &lt; and & as &amp;",
}
_NOT_WELL_FORMED = "the XML is not well-formed; write < as &lt; and & as &amp; in text, and quote attribute values"


class StartElement(NamedTuple):
    """A start tag."""

    name: str
    attributes: Mapping[str, str]
    position: int


class EndElement(NamedTuple):
    """An end tag."""

    name: str
    position: int


class CharacterData(NamedTuple):
    """Text for the input from `start` to `end`: a copy of it, or one character that the input writes with several."""

    text: str
    start: int
    end: int


XmlEvent = StartElement | EndElement | CharacterData


def parse_xml(text: str, start: int = 0) -> list[XmlEvent]:
    """Returns the events of the document that begins at `start`. Raises `RequestError` with line and column."""
    try:
        return _EventParser(text, start).parse()
    except UnicodeEncodeError as error:
        message = "half of a surrogate pair is not a character; remove it"
        raise markup_error_at(text, start + error.start, message, ERROR_CODE) from None


class DocumentScanner:
    """Finds the end of a document that arrives in pieces. What is wrong in it is for `parse_xml` to say."""

    def __init__(self) -> None:
        self.end: int | None = None
        """The length of the document up to the end of its root element; None before that."""
        self._read = 0
        self._unread = ""
        self._depth = 0
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler = lambda *_: self._nest(1)
        parser.EndElementHandler = lambda *_: self._nest(-1)
        parser.StartDoctypeDeclHandler = lambda *_: self._refuse()
        if hasattr(parser, "SetReparseDeferralEnabled"):  # it would find the end only after more text
            parser.SetReparseDeferralEnabled(False)

    def feed(self, piece: str, *, final: bool = False) -> bool:
        """Reads more of the document; returns whether it is well-formed so far."""
        *tags, rest = (self._unread + piece).split(">")
        try:
            for tag in tags:
                self._parse(f"{tag}>")
            self._unread = rest
            if final or self.end is not None:
                self._parse(rest, final=final)
                self._unread = ""
        except (expat.ExpatError, UnicodeEncodeError):
            return False
        return True

    def _parse(self, text: str, *, final: bool = False) -> None:
        self._read += len(text)
        self._parser.Parse(text.encode(), final)

    def _nest(self, levels: int) -> None:
        self._depth += levels
        if not self._depth:
            self.end = self._read

    def _refuse(self) -> None:
        raise expat.ExpatError


class _EventParser:
    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._encoded = text[start:].encode()
        self._byte, self._position = 0, start
        self._events: list[XmlEvent] = []
        self._open_elements: list[str] = []
        self._element_count = 0
        self._in_cdata = False

    def parse(self) -> list[XmlEvent]:
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler = self._start_element
        parser.EndElementHandler = self._end_element
        parser.CharacterDataHandler = self._character_data
        parser.StartCdataSectionHandler = lambda: self._set_cdata(True)
        parser.EndCdataSectionHandler = lambda: self._set_cdata(False)
        parser.StartDoctypeDeclHandler = lambda *_: self._fail_at_document_type()
        parser.EntityDeclHandler = lambda *_: self._fail("an entity declaration is not allowed; remove it")
        instruction = "a processing instruction is not allowed; remove <? ... ?>"
        parser.ProcessingInstructionHandler = lambda *_: self._fail(instruction)
        try:
            parser.Parse(self._encoded, True)
        except expat.ExpatError as error:
            raise self._syntax_error(error.code) from None
        return self._events

    def _start_element(self, name: str, attributes: dict[str, str]) -> None:
        self._open_elements.append(name)
        self._element_count += 1
        if len(self._open_elements) > MAX_DEPTH:
            self._fail(f"elements are nested deeper than {MAX_DEPTH}; nest fewer")
        if self._element_count > MAX_ELEMENTS:
            self._fail(f"there are more than {MAX_ELEMENTS} elements; send the text in parts")
        for attribute, value in attributes.items():
            if len(value) > MAX_ATTRIBUTE_CHARACTERS:
                limit = f"valid: at most {MAX_ATTRIBUTE_CHARACTERS}"
                self._fail(f"{quoted(attribute)} has {len(value)} characters; {limit}")
        self._events.append(StartElement(name, attributes, self._current_position()))

    def _end_element(self, name: str) -> None:
        self._open_elements.pop()
        self._events.append(EndElement(name, self._current_position()))

    def _character_data(self, chars: str) -> None:
        start = self._current_position()
        end = start + len(chars)
        if self._text[start] == "&" and not self._in_cdata:
            end = self._text.index(";", start) + 1
        elif chars == "\n" and self._text.startswith("\r\n", start):
            end = start + 2
        self._events.append(CharacterData(chars, start, end))

    def _set_cdata(self, in_cdata: bool) -> None:
        self._in_cdata = in_cdata

    def _current_position(self) -> int:
        return self._position_of_byte(self._parser.CurrentByteIndex)

    def _position_of_byte(self, byte: int) -> int:
        """Returns the character at a byte. Calls come in rising order, so that all of them cost one decoding."""
        self._position += len(self._encoded[self._byte : byte].decode(errors="ignore"))
        self._byte = byte
        return self._position

    def _fail(self, message: str) -> None:
        raise markup_error_at(self._text, self._current_position(), message, ERROR_CODE)

    def _fail_at_document_type(self) -> None:
        position = max(self._text.rfind("<!DOCTYPE", 0, self._current_position() + 1), 0)
        message = "a document type (DTD) is not allowed; remove <!DOCTYPE ...>"
        raise markup_error_at(self._text, position, message, ERROR_CODE)

    def _syntax_error(self, code: int) -> RequestError:
        position = self._position_of_byte(self._parser.ErrorByteIndex)
        innermost = "the element around it"
        if self._open_elements and len(self._open_elements[-1]) < 40:
            innermost = f"<{self._open_elements[-1]}>"
        message = _MESSAGES.get(errors.messages[code], _NOT_WELL_FORMED)
        if errors.messages[code] == errors.XML_ERROR_TAG_MISMATCH:
            position = max(self._text.rfind("</", 0, position), 0)
            message = f"this end tag does not match the open element, {innermost}; close that one first"
        elif errors.messages[code] == errors.XML_ERROR_NO_ELEMENTS and self._open_elements:
            message = f"the text ends, and {innermost} is still open; close it"
        return markup_error_at(self._text, position, message, ERROR_CODE)
