"""What every client is asked, and how what it heard is told: in words that are the same whatever library speaks."""

import json
import os

BASE_URL, API_KEY, MODEL = os.environ["BASE_URL"], os.environ["API_KEY"], os.environ["MODEL"]
HELLO = "Hello"
QUESTION = "What is the weather in Paris and in Tokyo?"
DESCRIBE = "Describe Paris"


def weather(city: str) -> str:
    """What the tool gives."""
    return f"14 degrees in {city}"


def show(client, case, got):
    print(json.dumps({"client": client, "case": case, "got": got}, sort_keys=True, ensure_ascii=False), flush=True)


def show_tools(client, cities, text):
    """Which calls were made, and whether what they gave came back in the last answer."""
    show(client, "tools", {"cities": cities, "told": [weather(city) in text for city in cities]})
