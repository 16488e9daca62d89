"""The official Google SDK for Python: files and batches. Every line printed is one request and the object it gave; an
upload is two requests or more."""

import io
import json
import os

from google import genai
from google.genai import types

MODEL = os.environ["MODEL"]
options = types.HttpOptions(base_url=os.environ["BASE_URL"])
client = genai.Client(api_key=os.environ["API_KEY"], http_options=options)
# What has no owner needs one named: other endpoints have lists too.
THERE = {"http_options": {"headers": {"x-weir-endpoint": "sdk/google_batches.py"}}}
# One more than the SDK sends at once.
LARGE = 8 * 1024 * 1024 + 1


def told(value):
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_none=True, exclude={"sdk_http_response"})
    return value


def show(case, value):
    print(json.dumps({"case": case, "got": told(value)}, sort_keys=True, ensure_ascii=False), flush=True)


def upload(data, mime_type):
    return client.files.upload(file=io.BytesIO(data), config={"mime_type": mime_type, "display_name": "asked"})


asked = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}
file = upload(f"{json.dumps({'key': '1', 'request': asked})}\n".encode(), "application/jsonl")
show("a file", file)
show("its facts", client.files.get(name=file.name))
batch = client.batches.create(model=MODEL, src=file.name, config={"display_name": "of a file"})
show("a batch of a file", batch)
batch = client.batches.get(name=batch.name)
show("it is done", batch)
show("its results", client.files.download(file=batch.dest.file_name).decode())
show("its results again", client.files.download(file=batch.dest.file_name).decode())
batch = client.batches.create(model=MODEL, src=[asked, {"model": MODEL, **asked}], config={"display_name": "inlined"})
show("a batch with its requests", batch)
show("it is done, and these are its results", client.batches.get(name=batch.name))
show("they are the same later", client.batches.get(name=batch.name))
client.batches.cancel(name=batch.name)
show("batches", [told(each) for each in client.batches.list(config=THERE)])
show("a batch deleted", client.batches.delete(name=batch.name))
show("a large file", upload(b"x" * LARGE, "text/plain"))
show("files", [told(each) for each in client.files.list(config=THERE)])
show("a file deleted", client.files.delete(name=file.name))
