"""The least HTTP client that can hang up at any byte: one request a connection, over asyncio."""
import asyncio
import dataclasses
import json
import time


@dataclasses.dataclass
class Answer:
    """What came back. `status` is 0 where the client hung up before the head was there."""
    status: int = 0
    text: tuple = ()            # by choice
    finish: tuple = ()
    usage: dict = dataclasses.field(default_factory=dict)
    error: str = ""
    hung_up: bool = False
    first_token: float = 0      # seconds from the request; of streams
    seconds: float = 0


class HangUp(Exception):
    """Enough bytes have come."""


class Reader:
    """A response's bytes, until the client has had `limit` of them."""

    def __init__(self, stream, limit):
        self.stream = stream
        self.left = limit
        self.headers = {}

    def count(self, data):
        if self.left is not None:
            self.left -= len(data)
            if self.left <= 0:
                raise HangUp
        return data

    async def line(self):
        return self.count(await self.stream.readuntil(b"\n")).rstrip(b"\r\n")

    async def exactly(self, count):
        return self.count(await self.stream.readexactly(count))

    async def chunks(self):
        """The body's pieces: chunked, or of a known length."""
        while line := await self.line():
            name, value = line.split(b":", 1)
            self.headers[name.lower()] = value.strip()
        if self.headers.get(b"transfer-encoding") == b"chunked":
            while size := int(await self.line(), 16):
                yield await self.exactly(size)
                await self.line()
        elif length := int(self.headers.get(b"content-length", 0)):
            yield await self.exactly(length)


async def request(host, port, method, path, body=b"", hang_up=None, seconds=60):
    """An Answer. `hang_up` is a number of bytes of the response after which to close; 0: at once."""
    answer = Answer()
    start = time.monotonic()
    stream, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                     f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        if hang_up == 0:
            raise HangUp
        async with asyncio.timeout(seconds):
            await _read(Reader(stream, hang_up), answer, start)
    except HangUp:
        answer.hung_up = True
    finally:
        writer.close()
        try:
            await writer.wait_closed()
        except ConnectionError:
            pass
    answer.seconds = time.monotonic() - start
    return answer


async def _read(reader, answer, start):
    answer.status = int((await reader.line()).split()[1])
    body = b""
    texts, finish = {}, {}
    async for chunk in reader.chunks():
        body += chunk
        if reader.headers[b"content-type"].startswith(b"text/event-stream"):
            *events, body = body.split(b"\n\n")
            for event in events:
                _take_event(event, answer, texts, finish, start)
    if reader.headers[b"content-type"].startswith(b"text/event-stream"):
        answer.text = tuple(texts.get(i, "") for i in range(len(finish)))
        answer.finish = tuple(finish.get(i) for i in range(len(finish)))
        return
    value = json.loads(body) if body else {}
    answer.error = (value.get("error") or {}).get("message", "")
    answer.usage = value.get("usage", value)
    choices = sorted(value.get("choices", []), key=lambda choice: choice["index"])
    answer.text = tuple(choice["message"]["content"] for choice in choices)
    answer.finish = tuple(choice["finish_reason"] for choice in choices)


def _take_event(event, answer, texts, finish, start):
    if not event.startswith(b"data: ") or event == b"data: [DONE]":
        return
    value = json.loads(event[6:])
    if "error" in value:
        answer.error = value["error"]["message"]
    answer.usage = value.get("usage") or answer.usage
    for choice in value.get("choices", []):
        content = choice["delta"].get("content")
        if content and not answer.first_token:
            answer.first_token = time.monotonic() - start
        texts[choice["index"]] = texts.get(choice["index"], "") + (content or "")
        if choice.get("finish_reason"):
            finish[choice["index"]] = choice["finish_reason"]
