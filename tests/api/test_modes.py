"""Modes and an upstream server, asked by the real openai client."""

import json
import threading
import time

import openai
import pytest

MODEL = "smollm2-135m"
QUESTION = "Tom has 3 apples and buys 4 more. How many apples has he?"


@pytest.fixture(scope="session")
def start_front(start_server, binary, tmp_path_factory):
    """A server without models of its own, before an upstream one."""
    def start(url):
        home = f"HELICON_HOME={tmp_path_factory.mktemp('home')}"
        return start_server("env", home, binary, "serve", "--port", "0", "--upstream", url)
    return start


@pytest.fixture(scope="session")
def front(start_front, real):
    return start_front(real.url)


@pytest.fixture(params=["engine", "upstream"])
def server(request, real):
    return real if request.param == "engine" else request.getfixturevalue("front")


def ask(server, model=MODEL, content=QUESTION, **options):
    options = {"temperature": 0, "seed": 1} | options
    return server.client().chat.completions.create(
        model=model, messages=[{"role": "user", "content": content}], **options)


WAYS = {
    "effort": {"reasoning_effort": "minimal"},
    "suffix": {"model": MODEL + ":thinking"},
    "field": {"extra_body": {"mode": {"name": "thinking", "budget_tokens": 256}}},
}


@pytest.mark.parametrize("way", WAYS)
def test_thinking_by_three_ways(server, way):
    answer = ask(server, **WAYS[way])
    message = answer.choices[0].message
    assert message.content, "the answer"
    assert message.reasoning_content, "and apart from it what came before"
    assert message.reasoning == message.reasoning_content
    details = answer.usage.completion_tokens_details
    assert 0 < details.reasoning_tokens < answer.usage.completion_tokens
    plain = ask(server, max_tokens=10)
    assert getattr(plain.choices[0].message, "reasoning_content", None) is None


def test_reasoning_streams_before_the_answer(server):
    kinds = []
    for chunk in ask(server, model=MODEL + ":thinking", stream=True):
        delta = chunk.choices[0].delta
        if getattr(delta, "reasoning_content", None):
            kinds.append("reasoning")
        if delta.content:
            kinds.append("answer")
    assert kinds.count("reasoning") > 5 and kinds.count("answer") >= 1
    assert kinds == sorted(kinds, reverse=True), "all of the one, then all of the other"


@pytest.mark.parametrize("options", [
    {"model": MODEL + ":contemplating"},
    {"extra_body": {"mode": {"name": "contemplating", "agents": 4, "rounds": 1, "budget_tokens": 128}}},
], ids=["suffix", "field"])
def test_contemplating_by_suffix_and_field(server, options):
    """A client that knows nothing of agents gets an answer; one that does sees them at work."""
    text, events = "", []
    for chunk in ask(server, stream=True, **options):
        assert len(chunk.choices) == 1, "naive clients take the first choice of every chunk"
        text += chunk.choices[0].delta.content or ""
        events += [chunk.helicon] if getattr(chunk, "helicon", None) else []
    assert text
    types = [event["type"] for event in events]
    agents = 8 if "model" in options else 4
    assert types[0] == "round" and events[0]["agents"] == agents
    assert types.count("agent_started") == types.count("agent_finished") >= agents
    assert "agent_wrote" in types and types[-1] == "aggregating"
    for event in events:
        assert event["round"] >= 1
    whole = ask(server, **options)
    assert whole.choices[0].message.content
    assert whole.choices[0].finish_reason == "stop"


def test_the_reasoning_is_taken_back_by_either_name(real):
    for name in ("reasoning", "reasoning_content"):
        answer = real.client().chat.completions.create(
            model=MODEL, max_tokens=4, messages=[
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": "Hello", name: "A greeting is due."},
                {"role": "user", "content": "And you?"}])
        assert answer.choices[0].message.content is not None


@pytest.mark.parametrize("mode,field", [
    ({"name": "contemplating", "agents": 0}, "mode.agents"),
    ({"name": "contemplating", "agents": 1000}, "mode.agents"),
    ({"name": "contemplating", "rounds": 0}, "mode.rounds"),
    ({"name": "thinking", "budget_tokens": 1}, "mode.budget_tokens"),
    ("dreaming", "mode"),
    ([], "mode"),
    ({"name": "thinking", "agents": 3}, "mode.agents"),
    ({"name": "instant", "budget_tokens": 100}, "mode.budget_tokens"),
    ({"agents": 3}, "mode.name"),
])
def test_what_no_mode_can_do_is_refused(real, mode, field):
    with pytest.raises(openai.BadRequestError) as refused:
        ask(real, extra_body={"mode": mode})
    assert refused.value.param == field


@pytest.mark.parametrize("options", [{"n": 2}, {"logprobs": True}])
def test_what_a_mode_cannot_give_is_refused(real, options):
    with pytest.raises(openai.BadRequestError) as refused:
        ask(real, model=MODEL + ":contemplating", **options)
    assert refused.value.param in options


def test_a_prompt_that_leaves_no_room_is_told(real):
    for mode in ("thinking", "contemplating"):
        with pytest.raises(openai.BadRequestError) as refused:
            ask(real, model=f"{MODEL}:{mode}", content="word " * 8140)
        assert refused.value.code == "context_length_exceeded"


def idle(server):
    _, _, body = server.request("GET", "/health")
    return all(pages["free"] == pages["all"] for pages in json.loads(body)["pages"].values())


def wait_until_idle(server, seconds=10):
    end = time.monotonic() + seconds
    while not idle(server):
        assert time.monotonic() < end, "an agent is left running"
        time.sleep(0.02)


@pytest.mark.parametrize("stage", ["round", "agent_wrote", "agent_finished", "aggregating"])
def test_a_client_that_goes_leaves_no_agent_running(server, real, stage):
    stream = ask(server, model=MODEL + ":contemplating", content="Write a long essay about rain.",
                 stream=True, extra_body={"mode": {"name": "contemplating", "agents": 4,
                                                   "budget_tokens": 64}})
    for chunk in stream:
        if getattr(chunk, "helicon", None) and chunk.helicon["type"] == stage:
            break
    else:
        pytest.fail(f"no {stage}")
    stream.close()
    wait_until_idle(real)
    # And the next one is served as if nothing had been.
    assert ask(server, max_tokens=4).choices[0].finish_reason == "length"


def test_upstream_gives_what_the_engine_gives(real, front):
    for options in ({}, {"temperature": 0.9, "seed": 7}, {"temperature": 1.2, "seed": -3, "top_p": 0.9}):
        mine = ask(real, max_tokens=30, **options)
        through = ask(front, max_tokens=30, **options)
        assert through.choices[0].message.content == mine.choices[0].message.content
        assert through.usage.prompt_tokens == mine.usage.prompt_tokens
        assert through.usage.completion_tokens == mine.usage.completion_tokens


def test_upstream_errors_arrive_as_what_they_are(front):
    with pytest.raises(openai.BadRequestError) as refused:
        ask(front, content="word " * 9000)
    assert refused.value.code == "context_length_exceeded"
    with pytest.raises(openai.NotFoundError):
        ask(front, model="no-such-model")


def test_an_upstream_that_dies_halfway(start_server, start_front, binary):
    doomed = start_server("env", "HELICON_LOG=info", binary, "serve", "--port", "0")
    front = start_front(doomed.url)
    stream = ask(front, content="Write a long story.", max_tokens=1500, stream=True)
    got = ""
    with pytest.raises(openai.APIError) as failure:
        for chunk in stream:
            got += chunk.choices[0].delta.content or ""
            if len(got) > 20 and doomed.process.poll() is None:
                doomed.process.kill()
                doomed.process.wait()
    assert got and "hung up" in str(failure.value) or "reset" in str(failure.value).lower() \
        or "closed" in str(failure.value).lower(), failure.value
    # All agents of a mode, too: an answer that says why, and no hang.
    with pytest.raises(openai.APIError):
        ask(front, model=MODEL + ":contemplating")


def test_an_upstream_that_is_not_there(start_server, binary):
    front = start_server(binary, "serve", "--port", "0", "--upstream", "http://127.0.0.1:9")
    names = [model.id for model in front.client().models.list()]
    assert MODEL in names, "its own models are served as ever"
    assert ask(front, max_tokens=3).choices[0].finish_reason == "length"
    started = time.monotonic()
    with pytest.raises(openai.APIError):
        ask(front, model="theirs")
    assert time.monotonic() - started < 15


def test_sixteen_at_once_through_an_upstream(front):
    answers = [None] * 16

    def one(i):
        answers[i] = ask(front, content=f"Count to {i}.", max_tokens=12).choices[0].finish_reason

    threads = [threading.Thread(target=one, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) <= {"length", "stop"}
