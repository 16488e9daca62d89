"""Instructor, as programs that ask it for objects use it: a forced call of a tool of the object's shape, and JSON mode."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
import instructor
import openai
from clients import API_KEY, BASE_URL, DESCRIBE, HELLO, MODEL, QUESTION, TOOL, Place, show, show_tools, user, weather


def drive(client, mode):
    asked = instructor.from_openai(
        openai.OpenAI(base_url=f"{BASE_URL}/v1", api_key=API_KEY, max_retries=0), mode=mode
    )

    def ask(messages, **more):
        return asked.chat.completions.create(
            model=MODEL, messages=messages, response_model=None, max_retries=0, **more
        )

    show(client, "plain", ask(user(HELLO)).choices[0].message.content)
    chunks = ask(user(HELLO), stream=True)
    show(client, "stream", "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices))
    said = user(QUESTION)
    called = ask(said, tools=[TOOL]).choices[0].message
    calls = [call.model_dump() for call in called.tool_calls]
    said.append({"role": "assistant", "content": called.content, "tool_calls": calls})
    cities = [json.loads(call.function.arguments)["city"] for call in called.tool_calls]
    for call, city in zip(called.tool_calls, cities):
        said.append({"role": "tool", "tool_call_id": call.id, "content": weather(city)})
    show_tools(client, cities, ask(said, tools=[TOOL]).choices[0].message.content)
    made = asked.chat.completions.create(
        model=MODEL, messages=user(DESCRIBE), response_model=Place, max_retries=0
    )
    show(client, "object", made.model_dump())


drive("instructor, tools", instructor.Mode.TOOLS)
drive("instructor, schema", instructor.Mode.JSON_SCHEMA)
