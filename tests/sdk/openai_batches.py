"""The official OpenAI SDK for Python: files and batches. Every line printed is one request and the object it gave."""

import json
import os

import openai

MODEL = os.environ["MODEL"]
client = openai.OpenAI(base_url=f"{os.environ['BASE_URL']}/v1", api_key=os.environ["API_KEY"], max_retries=0)
# What has no owner needs one named: other endpoints have lists too.
THERE = {"x-weir-endpoint": "sdk/openai_batches.py"}


def show(case, value):
    if hasattr(value, "to_dict"):
        value = value.to_dict(mode="json")
    print(json.dumps({"case": case, "got": value}, sort_keys=True, ensure_ascii=False), flush=True)


asked = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}
line = {"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": asked}
file = client.files.create(file=("asked.jsonl", f"{json.dumps(line)}\n".encode()), purpose="batch")
show("a file", file)
show("its facts", client.files.retrieve(file.id))
batch = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
show("a batch", batch)
batch = client.batches.retrieve(batch.id)
show("it is done", batch)
show("its results", client.files.content(batch.output_file_id).text)
show("its results again", client.files.content(batch.output_file_id).text)
show("a batch called off", client.batches.cancel(batch.id))
show("batches", [each.to_dict(mode="json") for each in client.batches.list(limit=2, extra_headers=THERE).data])
show("files", [each.to_dict(mode="json") for each in client.files.list(extra_headers=THERE).data])
upload = client.uploads.create(
    filename="large.jsonl", purpose="batch", bytes=6, mime_type="application/jsonl", extra_headers=THERE
)
show("a file in parts", upload)
parts = [client.uploads.parts.create(upload.id, data=data) for data in (b"one", b"two")]
show("its parts", [part.to_dict(mode="json") for part in parts])
show("it is whole", client.uploads.complete(upload.id, part_ids=[part.id for part in parts]))
show("one called off", client.uploads.cancel(upload.id))
show("a file deleted", client.files.delete(file.id))
