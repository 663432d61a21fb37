"""What is asked, and what every scripted model says to it."""

GREETING = "Grüße 😀 aus Paris."
BOTH = "The tools said: 20 degrees; 21 degrees"
CITIES = [{"city": "Paris"}, {"city": "Łódź"}]
ONE_PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
VECTOR = [0.25, -0.5, 1.0]
FAULTS = [("-400", "Fail with 400", 400), ("-429", "Fail with 429", 429), ("-500", "Fail with 500", 502)]


def say(words: str) -> list[dict]:
    return [{"role": "user", "content": words}]


def degrees(calls: list) -> list[str]:
    return [f"{20 + index} degrees" for index in range(len(calls))]
