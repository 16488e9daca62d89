"""The official OpenAI SDK for Python lets a model call tools by the API of responses, streamed, and tells it what they gave.
What was heard is printed in words that are the same for every SDK."""

import json
import os

import openai

client = openai.OpenAI(
    base_url=os.environ["BASE_URL"] + "/v1", api_key=os.environ["API_KEY"], max_retries=0, _strict_response_validation=True
)
tools = [{
    "type": "function",
    "name": "level",
    "description": "The water's level",
    "parameters": {"type": "object", "properties": {"at": {"type": "integer"}}, "required": ["at"]},
}]


def show(answer):
    calls = [[item.name, json.loads(item.arguments)] for item in answer.output if item.type == "function_call"]
    print(json.dumps({
        "text": answer.output_text,
        "calls": calls,
        "whole": answer.status == "completed",
        "usage": [answer.usage.input_tokens, answer.usage.output_tokens],
    }))


said = [{"role": "user", "content": "How high is it?"}]
asked = {
    "model": os.environ["MODEL"],
    "instructions": "You keep the weir.",
    "tools": tools,
    "store": False,
    "include": ["reasoning.encrypted_content"],
}
with client.responses.stream(**asked, input=said) as stream:
    for _ in stream:
        pass
    answer = stream.get_final_response()
show(answer)
said += [item.to_dict(mode="json", exclude_unset=True) for item in answer.output]
for item in said:
    # What the helper parsed for itself is not the API's.
    item.pop("parsed_arguments", None)
calls = [item for item in answer.output if item.type == "function_call"]
for call, level in zip(calls, ["2.4", "3.1"]):
    said.append({"type": "function_call_output", "call_id": call.call_id, "output": level})
show(client.responses.create(**asked, input=said))
