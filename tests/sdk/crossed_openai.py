"""The official OpenAI SDK for Python lets a model call tools, streamed, and tells it what they gave. What was heard is
printed in words that are the same for every SDK."""

import json
import os

import openai

client = openai.OpenAI(
    base_url=os.environ["BASE_URL"] + "/v1", api_key=os.environ["API_KEY"], max_retries=0, _strict_response_validation=True
)
tools = [{
    "type": "function",
    "function": {
        "name": "level",
        "description": "The water's level",
        "parameters": {"type": "object", "properties": {"at": {"type": "integer"}}, "required": ["at"]},
    },
}]


def show(answer):
    choice, usage = answer.choices[0], answer.usage
    calls = [[call.function.name, json.loads(call.function.arguments)] for call in choice.message.tool_calls or []]
    print(json.dumps({
        "text": choice.message.content,
        "calls": calls,
        "whole": choice.finish_reason in ("stop", "tool_calls"),
        "usage": [usage.prompt_tokens, usage.completion_tokens],
    }))


messages = [{"role": "system", "content": "You keep the weir."}, {"role": "user", "content": "How high is it?"}]
asked = {"model": os.environ["MODEL"], "tools": tools}
with client.chat.completions.stream(
    **asked, messages=messages, stream_options={"include_usage": True}
) as stream:
    for _ in stream:
        pass
    answer = stream.get_final_completion()
show(answer)
messages.append(answer.choices[0].message)
for call, level in zip(answer.choices[0].message.tool_calls, ["2.4", "3.1"]):
    messages.append({"role": "tool", "tool_call_id": call.id, "content": level})
show(client.chat.completions.create(**asked, messages=messages))
