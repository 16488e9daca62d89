"""OpenAI's own SDK in Python: chat and responses, with its helpers for streams and for objects of a given shape."""

import json

from clients import (
    API_KEY, BASE_URL, DESCRIBE, FUNCTION, HELLO, MODEL, QUESTION, TOOL, Place, show, show_tools, user, weather,
)
from openai import OpenAI


def city(call):
    return json.loads(call.arguments)["city"]


def chat(client):
    name, ask = "openai python, chat", client.chat.completions
    show(name, "plain", ask.create(model=MODEL, messages=user(HELLO)).choices[0].message.content)
    with ask.stream(model=MODEL, messages=user(HELLO)) as stream:
        show(name, "stream", stream.get_final_completion().choices[0].message.content)
    said = user(QUESTION)
    called = ask.create(model=MODEL, messages=said, tools=[TOOL]).choices[0].message
    cities = [city(call.function) for call in called.tool_calls]
    said.append(called)
    said.extend(
        {"role": "tool", "tool_call_id": call.id, "content": weather(city(call.function))} for call in called.tool_calls
    )
    show_tools(name, cities, ask.create(model=MODEL, messages=said, tools=[TOOL]).choices[0].message.content)
    made = ask.parse(model=MODEL, messages=user(DESCRIBE), response_format=Place).choices[0].message.parsed
    show(name, "object", made.model_dump())


def responses(client):
    name, ask = "openai python, responses", client.responses
    show(name, "plain", ask.create(model=MODEL, input=HELLO).output_text)
    with ask.stream(model=MODEL, input=HELLO) as stream:
        show(name, "stream", stream.get_final_response().output_text)
    tools = [{"type": "function", "strict": False, **FUNCTION}]
    said = user(QUESTION)
    called = ask.create(model=MODEL, input=said, tools=tools).output
    calls = [item for item in called if item.type == "function_call"]
    said.extend(called)
    said.extend(
        {"type": "function_call_output", "call_id": call.call_id, "output": weather(city(call))} for call in calls
    )
    show_tools(name, [city(call) for call in calls], ask.create(model=MODEL, input=said, tools=tools).output_text)
    show(name, "object", ask.parse(model=MODEL, input=DESCRIBE, text_format=Place).output_parsed.model_dump())


openai = OpenAI(base_url=f"{BASE_URL}/v1", api_key=API_KEY, max_retries=0, _strict_response_validation=True)
chat(openai)
responses(openai)
