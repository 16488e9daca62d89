"""LiteLLM's library, as programs that come from it call it."""

import json
import os

# Its table of prices is in the package; asking for a newer one would leave this machine.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm
from clients import API_KEY, BASE_URL, DESCRIBE, HELLO, MODEL, QUESTION, TOOL, Place, show, show_tools, user, weather


def drive(client, **to):
    def ask(messages, **more):
        return litellm.completion(messages=messages, api_key=API_KEY, num_retries=0, **to, **more)

    show(client, "plain", ask(user(HELLO)).choices[0].message.content)
    chunks = ask(user(HELLO), stream=True)
    show(client, "stream", "".join(chunk.choices[0].delta.content or "" for chunk in chunks))
    said = user(QUESTION)
    called = ask(said, tools=[TOOL]).choices[0].message
    said.append(called.model_dump())
    cities = [json.loads(call.function.arguments)["city"] for call in called.tool_calls]
    for call, city in zip(called.tool_calls, cities):
        said.append({"role": "tool", "tool_call_id": call.id, "content": weather(city)})
    show_tools(client, cities, ask(said, tools=[TOOL]).choices[0].message.content)
    made = ask(user(DESCRIBE), response_format=Place).choices[0].message.content
    show(client, "object", Place.model_validate_json(made).model_dump())


litellm.telemetry = False
drive("litellm, openai", model=f"openai/{MODEL}", api_base=f"{BASE_URL}/v1")
drive("litellm, anthropic", model=f"anthropic/{MODEL}", api_base=BASE_URL)
