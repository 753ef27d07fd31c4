"""The openai client against the real server and real weights."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import openai
import pytest

MODEL = "smollm2-135m"
SLOW_MODEL = "qwen2.5-coder-1.5b"  # takes a second to load
BASE_MODEL = "gemma3-270m"  # continues text; has no chat template


def ask(client, content="Write one sentence about the sea.", **options):
    options = {"model": MODEL, "max_tokens": 12, "temperature": 0} | options
    return client.chat.completions.create(
        messages=[{"role": "user", "content": content}], **options)


def text(answer, choice=0):
    return answer.choices[choice].message.content


def test_both_models_are_there(real):
    assert {MODEL, BASE_MODEL} <= {model.id for model in real.client().models.list()}


def test_greedy_is_the_same_every_time_and_streamed(real):
    client = real.client()
    first = ask(client)
    assert len(text(first)) > 10
    assert first.usage.completion_tokens == 12
    assert first.usage.prompt_tokens > 20
    assert first.choices[0].finish_reason == "length"
    assert text(ask(client)) == text(first)
    stream = ask(client, stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    streamed = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert streamed == text(first)
    assert chunks[-1].usage.completion_tokens == 12
    assert len(chunks) > 6, "it arrives piece by piece"


def test_what_was_computed_is_found_again(real):
    client = real.client()
    question = "Name three rivers of Europe, and say where they end."
    first, again = ask(client, question), ask(client, question)
    assert text(again) == text(first)
    details = again.usage.prompt_tokens_details
    assert details.cached_tokens == again.usage.prompt_tokens - 1, "all but the last token"
    assert first.usage.prompt_tokens_details.cached_tokens < details.cached_tokens


def test_a_row_does_not_depend_on_its_company(real):
    prompts = [f"Count from {i} to {i + 5}." for i in range(6)]
    alone = [text(ask(real.client(), prompt)) for prompt in prompts]

    async def together():
        async with real.async_client() as client:
            answers = await asyncio.gather(*(ask(client, prompt) for prompt in prompts))
            return [text(answer) for answer in answers]

    assert asyncio.run(together()) == alone


def test_seeds(real):
    client = real.client()
    options = {"temperature": 1.2, "max_tokens": 16}
    same = [text(ask(client, seed=5, **options)) for _ in range(2)]
    assert same[0] == same[1]
    others = {text(ask(client, seed=seed, **options)) for seed in (5, 6, 7)}
    assert len(others) == 3
    drawn = {text(ask(client, **options)) for _ in range(3)}
    assert len(drawn) == 3, "without a seed each answer is a new one"


def test_choices(real):
    answer = ask(real.client(), n=3, temperature=1.2, seed=1, max_tokens=16)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert len({text(answer, i) for i in range(3)}) == 3
    assert answer.usage.completion_tokens == 48
    single = ask(real.client(), temperature=1.2, seed=1, max_tokens=16)
    assert text(single) == text(answer), "the first choice is what one choice would have been"


def test_stop(real):
    client = real.client()
    whole = text(ask(client))
    word = whole.split()[3]
    before = whole[:whole.index(word)]
    for options in ({}, {"stream": True}):
        answer = ask(client, stop=[word, "never said"], **options)
        if options:
            chunks = list(answer)
            stopped = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
            reason = chunks[-1].choices[0].finish_reason
        else:
            stopped, reason = text(answer), answer.choices[0].finish_reason
        assert stopped == before
        assert reason == "stop"


def test_logprobs(real):
    answer = ask(real.client(), logprobs=True, top_logprobs=5)
    content = answer.choices[0].logprobs.content
    assert len(content) == 12
    assert bytes(b for token in content for b in token.bytes).decode() == text(answer)
    for token in content:
        likelihoods = [other.logprob for other in token.top_logprobs]
        assert likelihoods == sorted(likelihoods, reverse=True)
        assert likelihoods[0] <= 0
        assert token.logprob == likelihoods[0], "greedy takes the likeliest"


def test_the_end_is_no_part_of_the_answer(real):
    answer = ask(real.client(), "Say hello.", max_tokens=200, logprobs=True)
    assert answer.choices[0].finish_reason == "stop"
    content = answer.choices[0].logprobs.content
    assert bytes(b for token in content for b in token.bytes).decode() == text(answer)
    assert "<|" not in text(answer)


def test_logit_bias(real):
    client = real.client()
    plain = ask(client, max_tokens=3, logprobs=True)
    forced = ask(client, max_tokens=3, logit_bias={"198": 100})  # the line break of GPT-2's kind
    assert text(forced) == "\n\n\n"
    assert text(plain) != text(forced)


def test_a_prompt_longer_than_the_context(real):
    with pytest.raises(openai.BadRequestError) as caught:
        ask(real.client(), "word " * 20000)
    assert caught.value.code == "context_length_exceeded"
    numbers = [int(word.replace(",", "")) for word in caught.value.message.split()
               if word.replace(",", "").isdigit()]
    assert len(numbers) >= 2 and max(numbers) > 20000, caught.value.message


def test_a_base_model_does_not_chat(real):
    with pytest.raises(openai.BadRequestError) as caught:
        ask(real.client(), model=BASE_MODEL)
    assert caught.value.code == "unsupported"
    assert BASE_MODEL in caught.value.message


def test_characters_come_whole(real):
    prompt = "Repeat: 😀🎉👩‍👩‍👧 日本語 한국어"
    stream = ask(real.client(), prompt, stream=True, max_tokens=40, temperature=1.0, seed=3)
    for chunk in stream:
        assert "\ufffd" not in (chunk.choices[0].delta.content or "")


def test_hanging_up_stops_within_a_token(real):
    client = real.client()
    logged = len(real.log())
    stream = ask(client, "Tell a long story.", stream=True, max_tokens=1500,
                 logit_bias={"2": -100})  # no end of turn
    seen = 0
    for chunk in stream:
        seen += bool(chunk.choices[0].delta.content)
        if seen == 10:
            break
    stream.close()
    tokens = int(real.wait_for_log(rf"499 .* {MODEL} \d+\+(\d+) tokens",
                                   since=logged).group(1))
    # What was on its way when the client decided, and the one after.
    assert tokens <= 20
    # It is idle again: the next answer is not held up by the one that nobody reads.
    begin = time.monotonic()
    ask(client, max_tokens=1)
    assert time.monotonic() - begin < 10


def test_sigterm_ends_a_stream_and_the_process(start_server, binary):
    server = start_server(binary, "serve", "--port", "0", MODEL)
    stream = ask(server.client(), "Tell a story.", stream=True, max_tokens=60)
    chunks = [next(stream)]
    server.process.send_signal(signal.SIGTERM)
    chunks += list(stream)
    assert chunks[-1].choices[0].finish_reason in ("length", "stop"), "it may finish"
    assert server.process.wait(timeout=15) == 0
    with pytest.raises(openai.APIConnectionError):
        ask(server.client())


def test_sigterm_does_not_wait_for_a_load(binary, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with open(tmp_path / "log", "wb") as log:
        server = subprocess.Popen([binary, "serve", "--port", str(port), SLOW_MODEL],
                                  stdout=subprocess.PIPE, stderr=log)
    loaded = None
    while loaded is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as answer:
                loaded = json.load(answer)["loaded"]
        except urllib.error.URLError:
            assert server.poll() is None
    server.send_signal(signal.SIGTERM)
    begin = time.monotonic()
    output, _ = server.communicate(timeout=15)
    assert loaded == [] and output == b"", "it was still loading"
    assert server.returncode == 0
    assert time.monotonic() - begin < 1


def test_a_second_signal_ends_it_at_once(start_server, binary):
    server = start_server(binary, "serve", "--port", "0", MODEL)
    stream = ask(server.client(), "Tell a story.", stream=True, max_tokens=1500,
                 logit_bias={"2": -100})
    next(stream)
    server.process.send_signal(signal.SIGTERM)
    server.wait_for_log("stopping")
    begin = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=15) == 128 + signal.SIGTERM
    assert time.monotonic() - begin < 3


def test_models_of_other_folders_are_not_reachable_by_their_path(real):
    home = os.environ.get("HELICON_HOME", "")
    for name in (f"{home}/models/{MODEL}.gguf", f"../models/{MODEL}", f"{MODEL}.gguf", "/etc/passwd"):
        with pytest.raises(openai.NotFoundError):
            ask(real.client(), model=name)


WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather", "description": "The weather of a city",
        "parameters": {"type": "object", "required": ["city"],
                       "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}}}


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_is_called_and_its_result_is_used(real, stream):
    client = real.client()
    messages = [{"role": "user", "content": "What will the weather in Paris be? Use the tool."}]
    options = {"model": SLOW_MODEL, "tools": [WEATHER], "temperature": 0, "max_tokens": 100}
    if stream:
        choices = [chunk.choices[0] for chunk in client.chat.completions.create(
            messages=messages, stream=True, **options)]
        calls = [call for choice in choices for call in choice.delta.tool_calls or []]
        assert choices[-1].finish_reason == "tool_calls"
        assert "".join(choice.delta.content or "" for choice in choices) == ""
    else:
        choice = client.chat.completions.create(messages=messages, **options).choices[0]
        calls = choice.message.tool_calls
        assert choice.finish_reason == "tool_calls" and choice.message.content is None
    assert [call.function.name for call in calls] == ["get_weather"]
    assert json.loads(calls[0].function.arguments)["city"] == "Paris"
    messages += [
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": calls[0].id, "type": "function", "function": {
                "name": "get_weather", "arguments": calls[0].function.arguments}}]},
        {"role": "tool", "tool_call_id": calls[0].id, "content": "hail, 3 degrees"}]
    answer = client.chat.completions.create(messages=messages, tool_choice="none", **options)
    assert "hail" in text(answer) and answer.choices[0].finish_reason == "stop"
