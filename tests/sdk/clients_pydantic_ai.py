"""Pydantic AI with its models for every format: agents that call a tool, stream and give an object."""

import asyncio

from clients import API_KEY, BASE_URL, DESCRIBE, HELLO, MODEL, QUESTION, Place, show, show_tools, weather
from pydantic_ai import Agent
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.openai import OpenAIProvider


async def drive(client, model):
    agent = Agent(model)
    show(client, "plain", (await agent.run(HELLO)).output)
    async with agent.run_stream(HELLO) as stream:
        show(client, "stream", await stream.get_output())
    cities = []

    def get_weather(city: str) -> str:
        """The weather in a city"""
        cities.append(city)
        return weather(city)

    told = await Agent(model, tools=[get_weather]).run(QUESTION)
    show_tools(client, sorted(cities), told.output)
    show(client, "object", (await Agent(model, output_type=Place).run(DESCRIBE)).output.model_dump())


async def main():
    openai = OpenAIProvider(base_url=f"{BASE_URL}/v1", api_key=API_KEY)
    await drive("pydantic-ai, openai", OpenAIChatModel(MODEL, provider=openai))
    await drive("pydantic-ai, responses", OpenAIResponsesModel(MODEL, provider=openai))
    anthropic = AnthropicProvider(base_url=BASE_URL, api_key=API_KEY)
    await drive("pydantic-ai, anthropic", AnthropicModel(MODEL, provider=anthropic))
    google = GoogleProvider(base_url=BASE_URL, api_key=API_KEY)
    await drive("pydantic-ai, google", GoogleModel(MODEL, provider=google))


asyncio.run(main())
