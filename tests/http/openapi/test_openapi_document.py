"""The OpenAPI document: it has every route, field, format and error, and its examples are valid."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from aiohttp import web

from server.api.fields import CommonFields
from server.audio.encoders import ENCODERS, SAMPLE_RATES
from server.config import Config
from server.http import create_app
from server.http.openapi.document import create_document
from server.http.openapi.media_types import media_type
from server.http.speech.query import parse_query
from server.http.speech.request import SpeechRequest, parse_request
from server.http.speech.times import SpeechTimes
from server.http.static_files import FOLDER
from server.timestamps.json_document import to_json
from server.types import PhoneTiming, SentenceTiming, SpeechTiming, SyllableTiming, WordTiming

SPEECH = "/v1/audio/speech"
METHODS = {"get", "post", "head", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return json.loads(json.dumps(create_document(Config())))


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """All objects of the document."""
    if isinstance(value, dict):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(child)


def target(document: dict[str, Any], reference: str) -> Any:
    for key in reference.removeprefix("#/").split("/"):
        document = document[key]
    return document


async def test_the_document_is_served(serving, document):
    async with serving() as client:
        answer = await client.get("/openapi.json")
        assert (answer.status, answer.content_type) == (200, "application/json")
        assert await answer.json() == document


def test_it_is_valid_openapi(document):
    schemathesis.openapi.from_dict(document).validate()
    assert document["openapi"].startswith("3.1")


def documented(app: web.Application) -> set[tuple[str, str]]:
    """The routes, without the files of the pages. A path with and without a slash at its end is one."""
    found = set()
    for route in app.router.routes():
        path = route.resource.canonical if route.resource else ""
        if path != "/" and not (FOLDER / path.removeprefix("/")).is_file():
            found.add((route.method.lower(), path.rstrip("/")))
    return found


def test_every_route_is_in_the_document_and_nothing_else(registry, document):
    routes = documented(create_app(registry, Config()))
    described = {(method, path) for path, item in document["paths"].items() for method in item.keys() & METHODS}
    implied = {("head", path) for method, path in described if method == "get"}
    assert described <= routes
    assert routes <= described | implied


def test_references_lead_somewhere_and_operations_have_different_ids(document):
    references = [node["$ref"] for node in nodes(document) if "$ref" in node]
    assert len(references) > 10
    for reference in references:
        assert target(document, reference)
    ids = [node["operationId"] for node in nodes(document["paths"]) if "operationId" in node]
    assert len(ids) == len(set(ids))


def test_every_field_has_a_description_and_valid_examples(document):
    schema = document["components"]["schemas"]["SpeechRequest"]
    assert schema["properties"].keys() == SpeechRequest.model_fields.keys() > CommonFields.model_fields.keys()
    for name, field in schema["properties"].items():
        assert field["description"].endswith("."), name
        for example in field.get("examples", ()):
            parse_request(SpeechRequest, json.dumps({"input": "你好", name: example}).encode())


def test_the_limits_of_the_document_are_those_of_the_configuration():
    config = Config.model_validate({"synthesis": {"max_characters": 7}})
    fields = create_document(config)["components"]["schemas"]["SpeechRequest"]["properties"]
    assert fields["input"]["maxLength"] == 7
    assert fields["sample_rate"]["enum"] == [*SAMPLE_RATES, None]


def test_the_examples_of_bodies_are_valid(document):
    examples = document["paths"][SPEECH]["post"]["requestBody"]["content"]["application/json"]["examples"]
    assert examples
    for example in examples.values():
        parse_request(SpeechRequest, json.dumps(example["value"]).encode())


def test_every_field_is_a_query_parameter_with_valid_examples(document):
    parameters = {
        each["name"]: each for each in document["paths"][SPEECH]["get"]["parameters"] if each["in"] == "query"
    }
    assert parameters.keys() == SpeechRequest.model_fields.keys()
    assert [name for name, each in parameters.items() if each["required"]] == ["input"]
    for name, parameter in parameters.items():
        assert "null" not in json.dumps(parameter.get("schema", {})), name
        for example in parameter.get("examples", {}).values():
            query = f"{name}={example['value']}" if name == "input" else f"input=a&{name}={example['value']}"
            assert parse_query(query)


def test_the_types_of_times_are_those_of_the_json():
    phones = (PhoneTiming("h_c", 3, 160, 800),)
    syllables = (SyllableTiming("好", 0, 1, "hao3", 160, 2400, phones), SyllableTiming("OK", 1, 3, "", 2400, 3000, ()))
    words = (WordTiming("好OK", 0, 3, 0, 160, 3000, syllables),)
    timing = SpeechTiming((SentenceTiming("好OK", 0, 3, 0, 4000, 16000, words),), 4000, 16000)
    assert SpeechTimes.model_validate_json(to_json(timing)).model_dump(mode="json") == json.loads(to_json(timing))


@pytest.mark.parametrize("name", ENCODERS)
def test_a_response_has_every_format(document, name):
    encoder = ENCODERS[name]
    rate = encoder.rates[0] if encoder.rates else 16000
    assert encoder(rate).media_type.startswith(media_type(name))
    for method in ("get", "post"):
        content = document["paths"][SPEECH][method]["responses"]["200"]["content"]
        assert name in content[media_type(name)]["schema"]["description"]


async def test_the_page_uses_only_what_the_server_serves(serving):
    async with serving() as client:
        page = await (await client.get("/docs")).text()
        named = set(re.findall(r'(?:src|href)="([^"#:]+)"', page))
        assert named == {"page/styles/tokens.css", "docs.css", "docs.js"}
        for file in named:
            assert (await client.get(f"/{file}")).status == 200


async def test_a_text_of_the_longest_length_fits_in_a_url(serving):
    async with serving(max_characters=2000) as client:
        answer = await client.get(SPEECH, params={"input": "🎉" * 1999 + "字", "response_format": "pcm"})
        assert answer.status == 200, await answer.text()
