"""The official OpenAI SDK for Python beyond chat. Every line printed is one request and the object it gave."""

import io
import json
import os

import openai

MODEL = os.environ["MODEL"]
client = openai.OpenAI(base_url=f"{os.environ['BASE_URL']}/v1", api_key=os.environ["API_KEY"], max_retries=0)


def show(case, value):
    if hasattr(value, "to_dict"):
        value = value.to_dict(mode="json")
    print(json.dumps({"case": case, "got": value}, sort_keys=True, ensure_ascii=False), flush=True)


show("a response", client.responses.create(model=MODEL, input="Hello"))
events = client.responses.create(model=MODEL, input="Tell me about weirs", stream=True)
show("a response as events", [event.to_dict(mode="json") for event in events])
with client.responses.stream(model=MODEL, input="Tell me about weirs") as stream:
    kinds = [event.type for event in stream]
    show("a response by the helper", {"kinds": kinds, "final": stream.get_final_response().to_dict(mode="json")})
show("embeddings", client.embeddings.create(model=MODEL, input=["a", "b"]))
show("a legacy completion", client.completions.create(model=MODEL, prompt="A weir"))
show("moderation", client.moderations.create(model=MODEL, input="Hello"))
show("a picture", client.images.generate(model=MODEL, prompt="A weir"))
speech = client.audio.speech.create(model=MODEL, input="Hello", voice="alloy")
show("speech", {"bytes": len(speech.read()), "type": speech.response.headers["content-type"]})
sound = io.BytesIO(b"RIFF\x00\xff\r\n--sound")
sound.name = "a.wav"
show("a transcript", client.audio.transcriptions.create(model=MODEL, file=sound))
try:
    client.responses.create(model=MODEL, input="Hello")
except openai.APIStatusError as error:
    show("an error", {"class": type(error).__name__, "status": error.status_code, "body": error.body})
else:
    raise SystemExit("no error")
