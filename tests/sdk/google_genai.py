"""The official Google SDK for Python, as its users use it. Every line printed is one request and the object it gave."""

import json
import os

from google import genai
from google.genai import errors, types

MODEL = os.environ["MODEL"]
options = types.HttpOptions(base_url=os.environ["BASE_URL"])
client = genai.Client(api_key=os.environ["API_KEY"], http_options=options)


def show(case, value):
    if hasattr(value, "model_dump"):
        value = value.model_dump(mode="json", exclude_none=True, exclude={"sdk_http_response"})
    print(json.dumps({"case": case, "got": value}, sort_keys=True, ensure_ascii=False), flush=True)


show("plain", client.models.generate_content(model=MODEL, contents="Hello"))
chunks = client.models.generate_content_stream(model=MODEL, contents="Tell me about weirs")
show("stream", [chunk.model_dump(mode="json", exclude_none=True, exclude={"sdk_http_response"}) for chunk in chunks])
tool = types.Tool(function_declarations=[{"name": "look", "description": "Looks", "parameters": {"type": "OBJECT", "properties": {"at": {"type": "STRING"}}}}])
off = types.AutomaticFunctionCallingConfig(disable=True)
config = types.GenerateContentConfig(tools=[tool], automatic_function_calling=off, max_output_tokens=200)
show("a tool", client.models.generate_content(model=MODEL, contents="Look at Paris", config=config))
show("tokens", client.models.count_tokens(model=MODEL, contents="Hello"))
show("an embedding", client.models.embed_content(model=MODEL, contents="Hello"))
try:
    client.models.generate_content(model=MODEL, contents="Hello")
except errors.APIError as error:
    show("an error", {"class": type(error).__name__, "code": error.code, "status": error.status, "message": error.message})
else:
    raise SystemExit("no error")
