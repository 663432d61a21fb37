"""OpenAI's client for Python: chat, responses, embeddings, errors."""

import json

import openai
from openai import OpenAI
from pydantic import BaseModel

from asks import BOTH, CITIES, CITY, FAULTS, GREETING, ONE_PIXEL, VECTOR, degrees, say
from harness import check, equal, place, raises


class City(BaseModel):
    city: str


def client_with(key: str) -> OpenAI:
    return OpenAI(base_url=f"{place.url}/v1", api_key=key, max_retries=0, timeout=20)


client = client_with(place.key)
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": CITY}}]
FUNCTIONS = [{"type": "function", "name": "weather", "parameters": CITY}]


@check("openai: an answer, with what it used", place.models)
def answer(model: str) -> None:
    said = client.chat.completions.create(model=model, messages=say("Hello"))
    equal(said.choices[0].message.content, GREETING)
    equal((said.usage.prompt_tokens, said.usage.completion_tokens), (12, 5))


@check("openai: a stream, with what it used", place.models)
def stream(model: str) -> None:
    options = {"include_usage": True}
    chunks = list(
        client.chat.completions.create(
            model=model, messages=say("Hello"), stream=True, stream_options=options
        )
    )
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    equal("".join(texts), GREETING)
    equal(chunks[-1].usage.total_tokens, 17)


@check("openai: tools, streamed and not", place.models)
def tools(model: str) -> None:
    ask = {"model": model, "messages": say("Weather in both?"), "tools": TOOLS}
    whole = client.chat.completions.create(**ask)
    with client.chat.completions.stream(**ask) as events:
        streamed = events.get_final_completion()
    for said in (whole, streamed):
        message = said.choices[0].message
        calls = message.tool_calls
        equal(said.choices[0].finish_reason, "tool_calls")
        equal([json.loads(call.function.arguments) for call in calls], CITIES)
        results = [
            {"role": "tool", "tool_call_id": call.id, "content": text}
            for call, text in zip(calls, degrees(calls))
        ]
        turns = [*ask["messages"], message.model_dump(exclude_none=True), *results]
        end = client.chat.completions.create(model=model, messages=turns, tools=TOOLS)
        equal(end.choices[0].message.content, BOTH)


@check("openai: a picture", place.models)
def picture(model: str) -> None:
    content = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": ONE_PIXEL}},
    ]
    turns = [{"role": "user", "content": content}]
    said = client.chat.completions.create(model=model, messages=turns)
    equal(said.choices[0].message.content, "I see image/png")


@check("openai: an answer by a schema", place.models)
def schema(model: str) -> None:
    said = client.chat.completions.parse(
        model=model, messages=say("Which city?"), response_format=City
    )
    equal(said.choices[0].message.parsed, City(city="Paris"))


@check("openai: responses, streamed and not", place.models)
def responses(model: str) -> None:
    whole = client.responses.create(model=model, input="Hello")
    with client.responses.stream(model=model, input="Hello") as events:
        for _ in events:
            pass
        streamed = events.get_final_response()
    for said in (whole, streamed):
        equal((said.status, said.output_text), ("completed", GREETING))
        equal((said.usage.input_tokens, said.usage.output_tokens), (12, 5))


@check("openai: functions in responses", place.models)
def functions(model: str) -> None:
    asked = say("Weather in both?")
    said = client.responses.create(model=model, input=asked, tools=FUNCTIONS)
    calls = [item for item in said.output if item.type == "function_call"]
    equal([json.loads(call.arguments) for call in calls], CITIES)
    results = [
        {"type": "function_call_output", "call_id": call.call_id, "output": text}
        for call, text in zip(calls, degrees(calls))
    ]
    turns = [*asked, *(call.model_dump(exclude_none=True) for call in calls), *results]
    end = client.responses.create(model=model, input=turns, tools=FUNCTIONS)
    equal(end.output_text, BOTH)
    parsed = client.responses.parse(model=model, input="Which city?", text_format=City)
    equal(parsed.output_parsed, City(city="Paris"))


@check("openai: embeddings", place.embedding_models)
def embeddings(model: str) -> None:
    said = client.embeddings.create(model=model, input=["a", "b"])
    equal([one.embedding for one in said.data], [VECTOR, VECTOR])


@check("openai: errors by their classes", place.models)
def errors(model: str) -> None:
    kinds = {
        400: openai.BadRequestError,
        429: openai.RateLimitError,
        502: openai.InternalServerError,
    }
    for fault, words, status in FAULTS:
        ask = {"model": model + fault, "messages": say(words)}
        error = raises(kinds[status], lambda: client.chat.completions.create(**ask))
        equal(error.status_code, status)


@check("openai: a stream that breaks off raises", place.models)
def broken(model: str) -> None:
    ask = {"model": f"{model}-cut", "messages": say("Break off"), "stream": True}
    raises(openai.APIError, lambda: list(client.chat.completions.create(**ask)))


@check("openai: a wrong key and an unknown model")
def refused() -> None:
    ask = {"model": "claude", "messages": say("Hello")}
    raises(
        openai.AuthenticationError,
        lambda: client_with("sk-wrong").chat.completions.create(**ask),
    )
    ask["model"] = "nobody"
    raises(openai.NotFoundError, lambda: client.chat.completions.create(**ask))
