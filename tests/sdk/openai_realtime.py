"""The official OpenAI SDK for Python in a session over a WebSocket. Every line printed is one event as the SDK gave it."""

import json
import os

import openai

client = openai.OpenAI(base_url=f"{os.environ['BASE_URL']}/v1", api_key=os.environ["API_KEY"], max_retries=0)


def show(event):
    print(json.dumps(event.to_dict(mode="json"), sort_keys=True, ensure_ascii=False), flush=True)


with client.realtime.connect(model=os.environ["MODEL"], max_retries=0) as connection:
    show(connection.recv())
    connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
    show(connection.recv())
    for words in ("Grüße 🌊", "Tell me about weirs"):
        part = {"type": "input_text", "text": words}
        connection.conversation.item.create(item={"type": "message", "role": "user", "content": [part]})
        connection.response.create()
        for event in connection:
            show(event)
            if event.type == "response.done":
                break
