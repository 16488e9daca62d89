"""The official Google SDK for Python lets a model call tools, streamed, and tells it what they gave. What was heard is
printed in words that are the same for every SDK."""

import json
import os

from google import genai
from google.genai import types

options = types.HttpOptions(base_url=os.environ["BASE_URL"])
client = genai.Client(api_key=os.environ["API_KEY"], http_options=options)
level = {
    "name": "level",
    "description": "The water's level",
    "parameters": {"type": "OBJECT", "properties": {"at": {"type": "INTEGER"}}, "required": ["at"]},
}
config = types.GenerateContentConfig(
    system_instruction="You keep the weir.",
    tools=[types.Tool(function_declarations=[level])],
    automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
)


def show(parts, reason, usage):
    calls = [[part.function_call.name, part.function_call.args] for part in parts if part.function_call]
    print(json.dumps({
        "text": "".join(part.text for part in parts if part.text and not part.thought),
        "calls": calls,
        "whole": reason == types.FinishReason.STOP,
        "usage": [usage.prompt_token_count, usage.total_token_count - usage.prompt_token_count],
    }))


contents = [types.Content(role="user", parts=[types.Part(text="How high is it?")])]
asked = {"model": os.environ["MODEL"], "config": config}
parts = []
for chunk in client.models.generate_content_stream(**asked, contents=contents):
    heard = chunk.candidates[0]
    parts.extend(heard.content.parts if heard.content and heard.content.parts else [])
show(parts, heard.finish_reason, chunk.usage_metadata)
contents.append(types.Content(role="model", parts=parts))
# As its guide tells: an answer names its function alone.
contents.append(types.Content(role="user", parts=[
    types.Part.from_function_response(name="level", response={"output": level}) for level in ["2.4", "3.1"]
]))
answer = client.models.generate_content(**asked, contents=contents)
heard = answer.candidates[0]
show(heard.content.parts, heard.finish_reason, answer.usage_metadata)
