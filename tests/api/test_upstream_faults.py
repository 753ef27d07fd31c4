"""Contemplating over a server elsewhere that says nothing, hangs up or falls silent."""

import http.server
import json
import threading
import time

import openai
import pytest

QUESTION = "What is 6 times 7?"
ANSWER = "It is 6 * 7 = 42.\nAnswer: 42"


class Upstream(http.server.ThreadingHTTPServer):
    """What the N-th request for a completion gets is for `behave(number, messages)` to say: a text, None
    for a connection that is closed after the first word, or Ellipsis for one that falls silent."""

    daemon_threads = True

    def __init__(self, behave):
        super().__init__(("127.0.0.1", 0), Handler)
        self.behave = behave
        self.requests = 0
        self.lock = threading.Lock()
        self.over = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        body = json.dumps({"data": [{"id": "far"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        messages = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"]
        with self.server.lock:
            number = self.server.requests
            self.server.requests += 1
        said = self.server.behave(number, messages)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        if said is Ellipsis:
            self.server.over.wait(120)
            return
        words = "It" if said is None else said
        chunk = {"choices": [{"index": 0, "delta": {"content": words}, "finish_reason": None}]}
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        if said is None:
            return
        end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        self.wfile.write(f"data: {json.dumps(end)}\n\ndata: [DONE]\n\n".encode())


@pytest.fixture
def ask(start_server, binary):
    upstreams = []

    def ask(behave, question=QUESTION, **options):
        upstream = Upstream(behave)
        upstreams.append(upstream)
        server = start_server(binary, "serve", "--port", "0", "--upstream", upstream.url)
        begin = time.monotonic()
        answer = server.client().chat.completions.create(
            model="far:contemplating", messages=[{"role": "user", "content": question}], **options)
        return answer.choices[0].message, time.monotonic() - begin, upstream.requests

    yield ask
    for upstream in upstreams:
        upstream.over.set()
        upstream.shutdown()


def is_second_turn(messages):
    return messages[-2]["role"] == "assistant" if len(messages) > 1 else False


@pytest.mark.parametrize("question", [QUESTION, "Tell me about love."])
def test_an_empty_reply_is_an_end(ask, question):
    message, seconds, requests = ask(lambda number, messages: "", question)
    assert not message.content
    assert requests <= 32 and seconds < 20


def test_who_dies_in_the_second_turn_is_missing(ask):
    message, _, _ = ask(lambda number, messages: None if is_second_turn(messages) and number % 3 == 0 else ANSWER)
    assert "42" in message.content
    assert "agree on 42" in message.reasoning_content


def test_all_that_die_are_an_error(ask):
    with pytest.raises(openai.APIStatusError) as caught:
        ask(lambda number, messages: None)
    assert caught.value.status_code == 502 and "hung up" in caught.value.message


@pytest.mark.parametrize("question", ["Tell me about love.", "Write a Python function f(x).\n>>> f(1)\n3\n"])
def test_who_falls_silent_is_not_waited_for(ask, question):
    message, seconds, _ = ask(lambda number, messages: ... if number == 1 else "It is so.", question)
    assert message.content
    assert seconds < 60


def test_the_stop_string_is_no_part_of_the_answer(ask):
    def behave(number, messages):
        return "I cannot say" if "Python program" not in messages[-1]["content"] else "```python\nprint(42)\n```"

    message, _, _ = ask(behave, stop=["Answer"])
    assert "Answer" not in message.content
