"""Mistral's own SDK: its chat is OpenAI's format at another address."""

import json

from clients import API_KEY, BASE_URL, DESCRIBE, HELLO, MODEL, QUESTION, TOOL, Place, show, show_tools, user, weather
from mistralai.client import Mistral

CLIENT = "mistralai"
chat = Mistral(api_key=API_KEY, server_url=BASE_URL).chat
show(CLIENT, "plain", chat.complete(model=MODEL, messages=user(HELLO)).choices[0].message.content)
events = chat.stream(model=MODEL, messages=user(HELLO))
show(CLIENT, "stream", "".join(event.data.choices[0].delta.content or "" for event in events if event.data.choices))
said = user(QUESTION)
called = chat.complete(model=MODEL, messages=said, tools=[TOOL]).choices[0].message
said.append(called)
cities = [json.loads(call.function.arguments)["city"] for call in called.tool_calls]
for call, city in zip(called.tool_calls, cities):
    said.append({"role": "tool", "tool_call_id": call.id, "name": "get_weather", "content": weather(city)})
show_tools(CLIENT, cities, chat.complete(model=MODEL, messages=said, tools=[TOOL]).choices[0].message.content)
parsed = chat.parse(Place, model=MODEL, messages=user(DESCRIBE)).choices[0].message.parsed
show(CLIENT, "object", parsed.model_dump())
