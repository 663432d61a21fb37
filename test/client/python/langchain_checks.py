"""LangChain's models of OpenAI, by chat and by responses."""

from functools import reduce
from operator import add

import openai
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

from asks import BOTH, CITIES, CITY, FAULTS, GREETING, ONE_PIXEL, VECTOR, degrees
from harness import check, equal, place, raises

BASE = f"{place.url}/v1"
WEATHER = {"title": "weather", "description": "Weather of a city", **CITY}


def chat(model: str, way: str, key: str = place.key) -> ChatOpenAI:
    return ChatOpenAI(
        model=model,
        base_url=BASE,
        api_key=key,
        max_retries=0,
        timeout=20,
        stream_usage=True,
        use_responses_api=way == "responses",
    )


def counted(message) -> tuple[int, int]:
    usage = message.usage_metadata
    return usage["input_tokens"], usage["output_tokens"]


def add_checks(way: str) -> None:
    @check(f"langchain by {way}: an answer, streamed and not", place.models)
    def answer(model: str) -> None:
        whole = chat(model, way).invoke("Hello")
        streamed = reduce(add, chat(model, way).stream("Hello"))
        for message in (whole, streamed):
            equal(message.text, GREETING)
            equal(counted(message), (12, 5))

    @check(f"langchain by {way}: tools", place.models)
    def tools(model: str) -> None:
        asked = HumanMessage("Weather in both?")
        able = chat(model, way).bind_tools([WEATHER])
        for message in (able.invoke([asked]), reduce(add, able.stream([asked]))):
            calls = message.tool_calls
            equal([call["args"] for call in calls], CITIES)
            results = [
                ToolMessage(text, tool_call_id=call["id"])
                for call, text in zip(calls, degrees(calls))
            ]
            equal(able.invoke([asked, message, *results]).text, BOTH)

    @check(f"langchain by {way}: a picture", place.models)
    def picture(model: str) -> None:
        content = [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": ONE_PIXEL}},
        ]
        equal(chat(model, way).invoke([HumanMessage(content)]).text, "I see image/png")

    @check(f"langchain by {way}: an object by a schema", place.models)
    def schema(model: str) -> None:
        for method in ("json_schema", "function_calling"):
            able = chat(model, way).with_structured_output(WEATHER, method=method)
            equal(able.invoke("Which city?"), {"city": "Paris"})

    @check(f"langchain by {way}: a stream that breaks off raises", place.models)
    def broken(model: str) -> None:
        raises(Exception, lambda: list(chat(f"{model}-cut", way).stream("Break off")))


for way in ("chat", "responses"):
    add_checks(way)


@check("langchain: embeddings", place.embedding_models)
def embeddings(model: str) -> None:
    # Texts as they are: other models than OpenAI's know nothing of its tokens.
    embedder = OpenAIEmbeddings(
        model=model, base_url=BASE, api_key=place.key, check_embedding_ctx_length=False
    )
    equal(embedder.embed_documents(["a", "b"]), [VECTOR, VECTOR])


@check("langchain: errors by their classes", place.models)
def errors(model: str) -> None:
    kinds = {
        400: openai.BadRequestError,
        429: openai.RateLimitError,
        502: openai.InternalServerError,
    }
    for fault, words, status in FAULTS:
        raises(kinds[status], lambda: chat(model + fault, "chat").invoke(words))


@check("langchain: a wrong key and an unknown model")
def refused() -> None:
    raises(openai.AuthenticationError, lambda: chat("local", "chat", "sk-wrong").invoke("Hello"))
    raises(openai.NotFoundError, lambda: chat("nobody", "chat").invoke("Hello"))
