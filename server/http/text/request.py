"""The fields of a request for the analysis of a text."""

from server.http.speech.request import SpeechRequest


class TextRequest(SpeechRequest):
    """A request for the analysis of a text: the fields of speech, those of the audio without effect."""
