"""Anthropic's client for Python, over models that speak other dialects."""

import json

import anthropic
from anthropic import Anthropic, beta_tool

from asks import BOTH, CITIES, CITY, FAULTS, GREETING, ONE_PIXEL, degrees, say
from harness import check, equal, place, raises


def client_with(key: str) -> Anthropic:
    return Anthropic(base_url=place.url, api_key=key, max_retries=0, timeout=20)


client = client_with(place.key)
TOOLS = [{"name": "weather", "input_schema": CITY}]


def both_ways(**ask) -> list:
    """The same answer whole and streamed."""
    whole = client.messages.create(max_tokens=100, **ask)
    with client.messages.stream(max_tokens=100, **ask) as events:
        return [whole, events.get_final_message()]


def text_in(message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


@check("anthropic: an answer, with what it used", place.models)
def answer(model: str) -> None:
    for message in both_ways(model=model, messages=say("Hello")):
        equal((text_in(message), message.stop_reason), (GREETING, "end_turn"))
        usage = message.usage
        equal(usage.input_tokens + (usage.cache_read_input_tokens or 0), 12)
        equal(usage.output_tokens, 5)


@check("anthropic: tools", place.models)
def tools(model: str) -> None:
    asked = say("Weather in both?")
    for message in both_ways(model=model, messages=asked, tools=TOOLS):
        calls = [block for block in message.content if block.type == "tool_use"]
        equal(message.stop_reason, "tool_use")
        equal([call.input for call in calls], CITIES)
        results = [
            {"type": "tool_result", "tool_use_id": call.id, "content": text}
            for call, text in zip(calls, degrees(calls))
        ]
        turns = [
            *asked,
            {"role": "assistant", "content": message.content},
            {"role": "user", "content": results},
        ]
        for end in both_ways(model=model, messages=turns, tools=TOOLS):
            equal(text_in(end), BOTH)


@check("anthropic: its tool runner goes on to the answer", place.models)
def runner(model: str) -> None:
    @beta_tool
    def weather(city: str) -> str:
        """Weather of a city."""
        return f"rain in {city}"

    ask = {"model": model, "max_tokens": 100, "messages": say("Weather in both?")}
    end = client.beta.messages.tool_runner(tools=[weather], **ask).until_done()
    equal(text_in(end), "The tools said: rain in Paris; rain in Łódź")


@check("anthropic: a picture", place.models)
def picture(model: str) -> None:
    data = ONE_PIXEL.split(",", 1)[1]
    source = {"type": "base64", "media_type": "image/png", "data": data}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "What is this?"}]
    for message in both_ways(model=model, messages=[{"role": "user", "content": content}]):
        equal(text_in(message), "I see image/png")


@check("anthropic: an answer by a schema", place.models)
def schema(model: str) -> None:
    config = {"format": {"type": "json_schema", "schema": CITY}}
    asked = say("Which city?")
    for message in both_ways(model=model, messages=asked, output_config=config):
        equal(json.loads(text_in(message)), {"city": "Paris"})


@check("anthropic: errors by their classes", place.models)
def errors(model: str) -> None:
    kinds = {
        400: anthropic.BadRequestError,
        429: anthropic.RateLimitError,
        502: anthropic.InternalServerError,
    }
    for fault, words, status in FAULTS:
        ask = {"model": model + fault, "messages": say(words), "max_tokens": 100}
        error = raises(kinds[status], lambda: client.messages.create(**ask))
        equal(error.status_code, status)


@check("anthropic: a stream that breaks off raises", place.models)
def broken(model: str) -> None:
    def read() -> None:
        ask = {"model": f"{model}-cut", "messages": say("Break off"), "max_tokens": 100}
        with client.messages.stream(**ask) as events:
            events.get_final_message()

    raises(anthropic.APIError, read)


@check("anthropic: a wrong key and an unknown model")
def refused() -> None:
    ask = {"model": "local", "messages": say("Hello"), "max_tokens": 100}
    raises(
        anthropic.AuthenticationError,
        lambda: client_with("sk-wrong").messages.create(**ask),
    )
    ask["model"] = "nobody"
    raises(anthropic.NotFoundError, lambda: client.messages.create(**ask))
