"""Cohere's own SDK, whose format the gateway passes through: chat, a stream, a tool, a refusal."""

import json
import os

import cohere

MODEL = os.environ["MODEL"]
TOOL = {
    "type": "function",
    "function": {
        "name": "look",
        "description": "Looks",
        "parameters": {"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]},
    },
}


def user(text):
    return [{"role": "user", "content": text}]


def show(case, got):
    print(json.dumps({"case": case, "got": got}, sort_keys=True, ensure_ascii=False), flush=True)


client = cohere.ClientV2(api_key=os.environ["API_KEY"], base_url=os.environ["BASE_URL"], max_retries=0)
show("chat", client.chat(model=MODEL, messages=user("Hello")).model_dump())
events = client.chat_stream(model=MODEL, messages=user("Hello"))
show("stream", [event.model_dump() for event in events])
show("tool", client.chat(model=MODEL, messages=user("Look"), tools=[TOOL]).model_dump())
try:
    client.chat(model=MODEL, messages=user("Hello"))
except cohere.core.ApiError as error:
    show("refused", {"status": error.status_code, "body": str(error.body)})
