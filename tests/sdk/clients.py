"""What every client is asked, and how what it heard is told: in words that are the same whatever library speaks."""

import json
import os

from pydantic import BaseModel

BASE_URL, API_KEY, MODEL = os.environ["BASE_URL"], os.environ["API_KEY"], os.environ["MODEL"]
HELLO = "Hello"
QUESTION = "What is the weather in Paris and in Tokyo?"
DESCRIBE = "Describe Paris"


FUNCTION = {
    "name": "get_weather",
    "description": "The weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
# The tool, as OpenAI's chat format describes it.
TOOL = {"type": "function", "function": FUNCTION}


class Place(BaseModel):
    """A city."""

    city: str
    population: int
    rivers: list[str]


def user(text):
    return [{"role": "user", "content": text}]


def weather(city: str) -> str:
    """What the tool gives."""
    return f"14 degrees in {city}"


def show(client, case, got):
    print(json.dumps({"client": client, "case": case, "got": got}, sort_keys=True, ensure_ascii=False), flush=True)


def show_tools(client, cities, text):
    """Which calls were made, and whether what they gave came back in the last answer."""
    show(client, "tools", {"cities": cities, "told": [weather(city) in text for city in cities]})
