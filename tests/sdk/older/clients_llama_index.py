"""LlamaIndex's own client for servers that speak OpenAI's format."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from clients import API_KEY, BASE_URL, DESCRIBE, HELLO, MODEL, QUESTION, Place, show, show_tools, weather
from llama_index.core.llms import ChatMessage, MessageRole
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike

CLIENT = "llama-index"
llm = OpenAILike(
    model=MODEL, api_base=f"{BASE_URL}/v1", api_key=API_KEY, max_retries=0, is_chat_model=True,
    is_function_calling_model=True, should_use_structured_outputs=True,
)
hello = [ChatMessage(role=MessageRole.USER, content=HELLO)]
show(CLIENT, "plain", llm.chat(hello).message.content)
show(CLIENT, "stream", "".join(piece.delta or "" for piece in llm.stream_chat(hello)))

tool = FunctionTool.from_defaults(fn=weather, name="get_weather", description="The weather in a city")
said = [ChatMessage(role=MessageRole.USER, content=QUESTION)]
called = llm.chat_with_tools([tool], chat_history=said, allow_parallel_tool_calls=True)
calls = llm.get_tool_calls_from_response(called)
said.append(called.message)
for call in calls:
    given = ChatMessage(
        role=MessageRole.TOOL, content=weather(**call.tool_kwargs), additional_kwargs={"tool_call_id": call.tool_id}
    )
    said.append(given)
told = llm.chat_with_tools([tool], chat_history=said).message.content
show_tools(CLIENT, [call.tool_kwargs["city"] for call in calls], told)

made = llm.as_structured_llm(Place).chat([ChatMessage(role=MessageRole.USER, content=DESCRIBE)])
show(CLIENT, "object", made.raw.model_dump())
