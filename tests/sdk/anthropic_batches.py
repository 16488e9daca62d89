"""The official Anthropic SDK for Python: batches of messages. Every line printed is one request and the object it gave."""

import json
import os

import anthropic

client = anthropic.Anthropic(base_url=os.environ["BASE_URL"], api_key=os.environ["API_KEY"], max_retries=0)
# What has no owner needs one named: other endpoints have lists too.
THERE = {"x-weir-endpoint": "sdk/anthropic_batches.py"}


def show(case, value):
    if hasattr(value, "to_dict"):
        value = value.to_dict(mode="json")
    print(json.dumps({"case": case, "got": value}, sort_keys=True, ensure_ascii=False), flush=True)


params = {"model": os.environ["MODEL"], "max_tokens": 30, "messages": [{"role": "user", "content": "Hello"}]}
batch = client.messages.batches.create(requests=[{"custom_id": "1", "params": params}])
show("a batch", batch)
show("its state", client.messages.batches.retrieve(batch.id))
# The SDK asks for the batch first, to learn where its results are.
show("its results", [result.to_dict(mode="json") for result in client.messages.batches.results(batch.id)])
show("a batch called off", client.messages.batches.cancel(batch.id))
show("batches", [each.to_dict(mode="json") for each in client.messages.batches.list(limit=2, extra_headers=THERE).data])
