"""The official Anthropic SDK for Python, as its users use it. Every line printed is one request and the object it gave."""

import json
import os

import anthropic

MODEL = os.environ["MODEL"]
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}

client = anthropic.Anthropic(base_url=os.environ["BASE_URL"], api_key=os.environ["API_KEY"], max_retries=0)


def user(content):
    return {"role": "user", "content": content}


def show(case, value):
    if hasattr(value, "to_dict"):
        value = value.to_dict(mode="json")
    print(json.dumps({"case": case, "got": value}, sort_keys=True, ensure_ascii=False), flush=True)


def request(prompt, **more):
    return {"model": MODEL, "max_tokens": 300, "messages": [user(prompt)], **more}


def create(case, prompt, **more):
    answer = client.messages.create(**request(prompt, **more))
    show(case, answer)
    return answer


def events(case, prompt, **more):
    stream = client.messages.create(**request(prompt, **more), stream=True)
    show(case, [event.to_dict(mode="json") for event in stream])


def refused(case, **more):
    try:
        client.messages.create(**{**request("Hello"), **more})
    except anthropic.APIStatusError as error:
        show(case, {"class": type(error).__name__, "status": error.status_code, "body": error.body})
    else:
        raise SystemExit(f"{case}: no error")


create("plain", "Hello")
create("a system prompt, kept in the cache", "Hello", system=[
    {"type": "text", "text": "Speak of rivers. " * 400, "cache_control": {"type": "ephemeral", "ttl": "1h"}},
])
events("stream", "Tell me about weirs")
with client.messages.stream(**request("Tell me about dams")) as stream:
    text = "".join(stream.text_stream)
    show("stream by the helper", {"text": text, "final": stream.get_final_message().to_dict(mode="json")})
called = create("a tool", "What is the weather in Paris?", tools=[WEATHER])
create("parallel tools", "What is the weather in Paris and in Tokyo?", tools=[WEATHER])
events("parallel tools in a stream", "What is the weather in Paris and in Tokyo?", tools=[WEATHER])
create("a schema by a forced tool", "Describe Paris", tools=[WEATHER], tool_choice={"type": "tool", "name": "get_weather"})
results = [
    {"type": "tool_result", "tool_use_id": block.id, "content": "14 degrees, light rain"}
    for block in called.content
    if block.type == "tool_use"
]
asked = [user("What is the weather in Paris?"), {"role": "assistant", "content": called.content}, user(results)]
show("after the tool's result", client.messages.create(model=MODEL, max_tokens=300, messages=asked, tools=[WEATHER]))
create("a picture", [
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PICTURE}},
    {"type": "text", "text": "What is this?"},
])
create("thinking", "Think about dams", model=os.environ.get("MODEL_REASONER", MODEL), thinking={"type": "enabled", "budget_tokens": 1024})
create("few tokens", "Tell me about weirs", max_tokens=4)

refused("429", model=os.environ["MODEL_429"])
refused("400", messages=[])
