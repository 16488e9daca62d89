"""The official Anthropic SDK for Python lets a model call tools, streamed, and tells it what they gave. What was heard is
printed in words that are the same for every SDK."""

import json
import os

import anthropic

client = anthropic.Anthropic(
    base_url=os.environ["BASE_URL"], api_key=os.environ["API_KEY"], max_retries=0, _strict_response_validation=True
)
tools = [{
    "name": "level",
    "description": "The water's level",
    "input_schema": {"type": "object", "properties": {"at": {"type": "integer"}}, "required": ["at"]},
}]


def show(answer):
    print(json.dumps({
        "text": "".join(block.text for block in answer.content if block.type == "text"),
        "calls": [[block.name, block.input] for block in answer.content if block.type == "tool_use"],
        "whole": answer.stop_reason in ("end_turn", "tool_use"),
        "usage": [answer.usage.input_tokens, answer.usage.output_tokens],
    }))


messages = [{"role": "user", "content": "How high is it?"}]
asked = {"model": os.environ["MODEL"], "max_tokens": 300, "system": "You keep the weir.", "tools": tools}
with client.messages.stream(**asked, messages=messages) as stream:
    answer = stream.get_final_message()
show(answer)
calls = [block for block in answer.content if block.type == "tool_use"]
messages.append({"role": "assistant", "content": answer.content})
messages.append({"role": "user", "content": [
    {"type": "tool_result", "tool_use_id": call.id, "content": level} for call, level in zip(calls, ["2.4", "3.1"])
]})
show(client.messages.create(**asked, messages=messages))
