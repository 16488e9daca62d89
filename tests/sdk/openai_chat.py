"""The official OpenAI SDK for Python, as its users use it. Every line printed is one request and the object it gave."""

import json
import os

import openai
from pydantic import BaseModel

MODEL = os.environ["MODEL"]
PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}

client = openai.OpenAI(base_url=os.environ["BASE_URL"] + "/v1", api_key=os.environ["API_KEY"], max_retries=0)


def user(content):
    return {"role": "user", "content": content}


def show(case, value):
    if hasattr(value, "to_dict"):
        value = value.to_dict(mode="json")
    print(json.dumps({"case": case, "got": value}, sort_keys=True, ensure_ascii=False), flush=True)


def create(case, prompt, model=MODEL, **more):
    answer = client.chat.completions.create(model=model, messages=[user(prompt)], **more)
    show(case, answer)
    return answer


def chunks(case, prompt, **more):
    stream = client.chat.completions.create(model=MODEL, messages=[user(prompt)], stream=True, **more)
    show(case, [chunk.to_dict(mode="json") for chunk in stream])


def refused(case, **request):
    try:
        client.chat.completions.create(**request)
    except openai.APIStatusError as error:
        show(case, {"class": type(error).__name__, "status": error.status_code, "body": error.body})
    else:
        raise SystemExit(f"{case}: no error")


create("plain", "Hello")
create("plain, unicode and control characters", "Grüße 🌊 \u0000 \"quoted\" \\ back")
chunks("stream", "Tell me about weirs")
chunks("stream with usage", "Tell me about weirs", stream_options={"include_usage": True})
create("a tool", "What is the weather in Paris?", tools=[WEATHER])
create("parallel tools", "What is the weather in Paris and in Tokyo?", tools=[WEATHER], parallel_tool_calls=True)
chunks("parallel tools in a stream", "What is the weather in Paris and in Tokyo?", tools=[WEATHER])

asked = [user("What is the weather in Paris?")]
called = client.chat.completions.create(model=MODEL, messages=asked, tools=[WEATHER], tool_choice="required")
show("a tool that is required", called)
asked.append(called.choices[0].message)
for call in called.choices[0].message.tool_calls:
    asked.append({"role": "tool", "tool_call_id": call.id, "content": "14 degrees, light rain"})
show("after the tool's result", client.chat.completions.create(model=MODEL, messages=asked, tools=[WEATHER]))


class Place(BaseModel):
    city: str
    population: int
    rivers: list[str]


parsed = client.chat.completions.parse(model=MODEL, messages=[user("Describe Paris")], response_format=Place)
show("a JSON schema", {"answer": parsed.to_dict(mode="json"), "parsed": parsed.choices[0].message.parsed.model_dump()})
with client.chat.completions.stream(model=MODEL, messages=[user("Describe Rome")], response_format=Place) as stream:
    events = [event.type for event in stream]
    show("a JSON schema in a stream", {"events": events, "final": stream.get_final_completion().to_dict(mode="json")})

create("a picture", [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": PICTURE}}])
create("a reasoning model", "Think about dams", model=os.environ.get("MODEL_REASONER", MODEL))
create("few tokens", "Tell me about weirs", max_completion_tokens=4)
raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=[user("Hello")])
show("a raw response", {"status": raw.status_code, "parsed": raw.parse().to_dict(mode="json")})

refused("429", model="demo/429", messages=[user("Hello")])
refused("400", model=MODEL, messages=[])
refused("500", model="demo/500", messages=[user("Hello")])
