"""What the openai client makes of every kind of answer; the models are fakes that do as told."""

import asyncio
import json
import re
import subprocess

import openai
import pytest
from openai.types.chat import completion_create_params


def ask(client, model="echo", content="hello big world", **options):
    return client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": content}], **options)


def no_unknown_fields(value, path="answer"):
    """The client's own types know every field there is: nothing is misspelt or invented."""
    if isinstance(value, openai.BaseModel):
        assert not value.model_extra, (path, value.model_extra)
        for name in type(value).model_fields:
            no_unknown_fields(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, list):
        for i, element in enumerate(value):
            no_unknown_fields(element, f"{path}[{i}]")


def test_models(fake):
    client = fake.client()
    models = client.models.list()
    assert [model.id for model in models][:2] == ["echo", "slow"]
    for model in models:
        no_unknown_fields(model)
    assert client.models.retrieve("echo").owned_by == "helicon"
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("../../etc/passwd")
    assert caught.value.param == "model"


def test_whole_answer(fake):
    answer = ask(fake.client(), content="grüße 😀 \u0000 \"quoted\"\n")
    no_unknown_fields(answer)
    choice = answer.choices[0]
    assert choice.message.content == "grüße 😀 \u0000 \"quoted\"\n"
    assert choice.message.role == "assistant"
    assert choice.finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.prompt_tokens_details.cached_tokens == 1
    assert answer.model == "echo"
    # The client's types again, with no conversion allowed.
    raw = fake.client().chat.completions.with_raw_response.create(
        model="echo", messages=[{"role": "user", "content": "x"}])
    type(answer).model_validate_json(raw.content, strict=True)


def test_streamed_answer(fake):
    stream = ask(fake.client(), stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    for chunk in chunks:
        no_unknown_fields(chunk)
    assert {chunk.id for chunk in chunks} == {chunks[0].id}
    assert chunks[0].choices[0].delta.role == "assistant"
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1])
    assert text == "hello big world"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens == 3
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_the_clients_own_stream_helper(fake):
    with fake.client().chat.completions.stream(
            model="echo", messages=[{"role": "user", "content": "one two"}], n=2) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
        answer = stream.get_final_completion()
    assert sorted(filter(None, deltas)) == ["one ", "one ", "two", "two"]
    assert [choice.message.content for choice in answer.choices] == ["one two"] * 2


def test_logprobs(fake):
    answer = ask(fake.client(), content="é x", logprobs=True, top_logprobs=2)
    content = answer.choices[0].logprobs.content
    assert bytes(byte for token in content for byte in token.bytes).decode() == "é x"
    assert [len(token.top_logprobs) for token in content] == [2, 2]
    no_unknown_fields(answer)


@pytest.mark.parametrize("options, error, code, param", [
    ({"model": "nobody"}, openai.NotFoundError, "not_found", "model"),
    ({"temperature": 3}, openai.BadRequestError, "invalid_argument", "temperature"),
    ({"max_tokens": "many"}, openai.BadRequestError, "invalid_argument", "max_tokens"),
    ({"n": 0}, openai.BadRequestError, "invalid_argument", "n"),
    ({"top_logprobs": 2}, openai.BadRequestError, "invalid_argument", "top_logprobs"),
    ({"response_format": {"type": "json_object"}}, openai.BadRequestError, "unsupported",
     "response_format"),
    ({"tool_choice": "required"}, openai.BadRequestError, "unsupported", "tool_choice"),
    ({"reasoning_effort": "extreme"}, openai.BadRequestError, "invalid_argument",
      "reasoning_effort"),
    ({"content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}, openai.BadRequestError,
     "invalid_argument", "messages[0].content[0].image_url.url"),
    ({"model": "short"}, openai.BadRequestError, "context_length_exceeded", "messages"),
    ({"model": "full"}, openai.InternalServerError, "overloaded", None),
    ({"model": "unloadable"}, openai.InternalServerError, "out_of_memory", None),
    ({"model": "fails"}, openai.InternalServerError, "internal", None),
])
def test_errors(fake, options, error, code, param):
    for stream in (False, True):
        if stream and options.get("model") == "fails":
            continue  # that one fails on the way, see below
        with pytest.raises(error) as caught:
            ask(fake.client(), stream=stream, **options)
        assert caught.value.code == code
        assert caught.value.param == param
        assert "\n" not in caught.value.message


def test_an_error_on_the_way(fake):
    seen = ""
    with pytest.raises(openai.APIError, match="the model broke down"):
        for chunk in ask(fake.client(), model="fails", stream=True):
            seen += chunk.choices[0].delta.content or ""
    assert seen == "a b c "


def test_extensions(fake):
    extra = {"top_k": 5, "min_p": 0.1, "repetition_penalty": 1.1,
             "chat_template_kwargs": {"enable_thinking": False}, "cache_prompt": True}
    assert ask(fake.client(), extra_body=extra).choices[0].message.content == "hello big world"
    with pytest.raises(openai.BadRequestError) as caught:
        ask(fake.client(), extra_body={"top_k": -1})
    assert caught.value.param == "top_k"
    with pytest.raises(openai.BadRequestError, match="did you mean 'temperature'") as caught:
        ask(fake.client(), extra_body={"temprature": 0})
    assert caught.value.param == "temprature"


def test_every_field_of_the_protocol_is_known(fake):
    """No field of the client's own list is ignored: each, misused, is named in an error."""
    fields = {name for params in (completion_create_params.CompletionCreateParamsNonStreaming,
                                  completion_create_params.CompletionCreateParamsStreaming)
              for name in params.__annotations__ | completion_create_params.
              CompletionCreateParamsBase.__annotations__}
    assert len(fields) > 30
    body = {"model": "echo", "messages": [{"role": "user", "content": "x"}]}
    for name in sorted(fields):
        wrong = 1 if name in ("messages", "model", "stream", "stop", "tools") else []
        if name in ("modalities", "messages", "stop", "tools"):
            wrong = 7
        status, _, answer = fake.request("POST", "/v1/chat/completions", body | {name: wrong})
        assert status == 400, (name, answer)
        error = json.loads(answer)["error"]
        assert error["param"] == name and "no field that this server knows" not in error["message"]


def test_a_stream_that_is_closed_stops(fake):
    stream = ask(fake.client(), model="slow", stream=True, user="closer")
    for number, _ in enumerate(stream):
        if number == 5:
            break
    stream.close()
    tokens = int(fake.wait_for_log(r"499 .* slow 3\+(\d+) tokens").group(1))
    assert tokens <= 8


def test_a_request_that_times_out_stops(fake):
    logged = len(re.findall(" 499 ", fake.log()))
    with pytest.raises(openai.APITimeoutError):
        ask(fake.client(timeout=0.3), model="slow")
    fake.wait_for_log(rf"(?s)( 499 .*?){{{logged + 1}}}")


def test_a_hundred_at_once(fake):
    async def one(client, number):
        text = f"number {number} of many"
        if number % 2:
            answer = await ask(client, content=text)
            return answer.choices[0].message.content == text
        parts = []
        async for chunk in await ask(client, content=text, stream=True):
            parts.append(chunk.choices[0].delta.content or "")
        return "".join(parts) == text

    async def everyone():
        async with fake.async_client() as client:
            return await asyncio.gather(*(one(client, i) for i in range(100)))

    assert all(asyncio.run(everyone()))


def test_other_origins_only_when_told(fake):
    allowed = {"Origin": "https://app.example"}
    status, headers, _ = fake.request(
        "OPTIONS", "/v1/chat/completions",
        **allowed | {"Access-Control-Request-Method": "POST",
                     "Access-Control-Request-Headers": "authorization,content-type"})
    assert status == 204
    assert headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert headers["Access-Control-Allow-Headers"] == "authorization,content-type"
    assert fake.request("GET", "/v1/models", **allowed)[0] == 200
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        status, answer, body = fake.request("GET", "/v1/models", **headers)
        assert status == 403 and "Access-Control-Allow-Origin" not in answer
        assert json.loads(body)["error"]["type"] == "invalid_request_error"


def test_the_log_says_what_was_done_and_not_what_was_said(fake):
    ask(fake.client(), content="my secret illness", user="ann")
    fake.wait_for_log(r"POST /v1/chat/completions 200 [\d.]+ s, echo 3\+3 tokens")
    fake.request("GET", "/nowhere?token=secret")
    fake.wait_for_log("GET /nowhere 404")
    assert "secret" not in fake.log()


def test_a_second_server_on_the_port_is_one_line(fake, binary):
    port = fake.url.rsplit(":", 1)[1]
    second = subprocess.run([binary, "serve", "--port", port], capture_output=True, text=True,
                            check=False, timeout=30)
    assert second.returncode == 1
    assert second.stdout == ""
    assert second.stderr == (f"helicon: cannot listen on 127.0.0.1 port {port}: "
                             "the port is already in use\n")
