"""LangChain with its two packages for OpenAI's and Anthropic's formats."""

from clients import API_KEY, BASE_URL, DESCRIBE, HELLO, MODEL, QUESTION, Place, show, show_tools, weather
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI


@tool
def get_weather(city: str) -> str:
    """The weather in a city"""
    return weather(city)


def drive(client, model):
    show(client, "plain", model.invoke(HELLO).text)
    show(client, "stream", "".join(chunk.text for chunk in model.stream(HELLO)))
    able = model.bind_tools([get_weather])
    said = [HumanMessage(QUESTION), able.invoke(QUESTION)]
    cities = [call["args"]["city"] for call in said[1].tool_calls]
    said.extend(ToolMessage(weather(call["args"]["city"]), tool_call_id=call["id"]) for call in said[1].tool_calls)
    show_tools(client, cities, able.invoke(said).text)
    show(client, "object", model.with_structured_output(Place).invoke(DESCRIBE).model_dump())


key = {"api_key": API_KEY, "model": MODEL, "max_retries": 0}
drive("langchain-openai", ChatOpenAI(base_url=f"{BASE_URL}/v1", **key))
drive("langchain-openai, responses", ChatOpenAI(base_url=f"{BASE_URL}/v1", use_responses_api=True, **key))
drive("langchain-anthropic", ChatAnthropic(base_url=BASE_URL, **key))
