"""Pictures that a request names by address: fetched from where the server may, and from nowhere else."""

import base64
import http.server
import pathlib
import threading
import time

import openai
import pytest

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "golden" / "models" / "muse_spark_chat"
PICTURE = next(FOLDER.glob("*.png")).read_bytes()
SOUND = next(FOLDER.glob("*.wav")).read_bytes()
MODEL = FOLDER.name
ALLOWED, OTHER = "127.0.0.1", "127.0.0.2"  # both of this machine; the server may ask only the first
MOST = 32 << 20


class Site(http.server.BaseHTTPRequestHandler):
    """Answers each path as its first part says."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def send(self, body, status=200, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.server.asked.append(self.path)
        kind, _, rest = self.path[1:].partition("/")
        if kind == "picture":
            self.send(PICTURE, Content_Type="image/png; charset=binary")
        elif kind == "sound":
            self.send(SOUND, Content_Type="application/octet-stream")
        elif kind == "text":
            self.send(b"<html>no picture</html>", Content_Type="image/png")
        elif kind == "status":
            self.send(PICTURE, status=int(rest))
        elif kind == "empty":
            self.send(b"")
        elif kind == "to":
            self.send(b"", status=302, Location=rest)
        elif kind == "around":
            self.send(b"", status=302, Location=self.path)
        elif kind == "gzip":
            self.send(PICTURE, Content_Encoding="gzip")
        elif kind == "large":
            self.send(b"", Content_Length=str(MOST + 1))
        elif kind == "endless":
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(bytes(1 << 20))
            except OSError:
                self.server.left.set()
        elif kind == "cut":
            self.send(PICTURE[:100], Content_Length=str(len(PICTURE)))
            self.close_connection = True
        elif kind == "silent":
            self.server.silent.set()
            self.connection.settimeout(30)
            try:
                self.connection.recv(1)
            except OSError:
                pass
            self.server.left.set()
            self.close_connection = True


@pytest.fixture
def site():
    """A web site on both addresses; its `asked` are the paths that were asked for."""
    servers = []
    first = http.server.ThreadingHTTPServer((ALLOWED, 0), Site)
    first.asked, first.left, first.silent = [], threading.Event(), threading.Event()
    second = http.server.ThreadingHTTPServer((OTHER, first.server_port), Site)
    second.asked = first.asked_elsewhere = []
    for server in (first, second):
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
    yield first
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def local(start_server, binary):
    return start_server(binary, "serve", FOLDER, "--port", "0", "--fetch", f"public,{ALLOWED}")


def address(site, path, host=ALLOWED):
    return f"http://{host}:{site.server_port}/{path}"


def part(url, kind="image_url"):
    return {"type": kind, kind: {"url": url}}


def ask(server, *parts):
    return server.client().chat.completions.create(
        model=MODEL, max_tokens=8, temperature=0, messages=[{"role": "user", "content": [*parts]}])


def refused(server, *parts):
    with pytest.raises(openai.APIStatusError) as caught:
        ask(server, *parts)
    return caught.value.status_code, caught.value.body


def answers_still(server, site):
    return ask(server, part(address(site, "picture"))).choices[0].finish_reason in ("stop", "length")


def given(data, kind):
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def test_fetched_is_as_given(local, site):
    picture = address(site, "picture").replace("http://", "HTTP://")  # a scheme has no case
    fetched = ask(local, part(picture), part(address(site, "sound"), "audio_url"))
    sent = ask(local, part(given(PICTURE, "image/png")), part(given(SOUND, "audio/wav"), "audio_url"))
    assert fetched.choices[0].message.content == sent.choices[0].message.content
    assert fetched.usage.prompt_tokens == sent.usage.prompt_tokens


def test_an_address_is_asked_once_a_request(local, site):
    ask(local, *[part(address(site, "picture"))] * 3)
    assert site.asked == ["/picture"]


def test_redirections_are_followed(local, site):
    ask(local, part(address(site, "to/" + address(site, "picture"))))
    assert site.asked[-1] == "/picture"


def test_through_an_upstream_server(start_server, binary, local, site):
    upstream = start_server(binary, "serve", "--port", "0", "--upstream", local.url, "--fetch", ALLOWED)
    there, here = (ask(server, part(address(site, "picture"))) for server in (upstream, local))
    assert there.choices[0].message.content == here.choices[0].message.content
    assert site.asked == ["/picture"] * 2


@pytest.mark.parametrize("path", ["picture", "status/404"])
@pytest.mark.parametrize("host", [OTHER, "[::1]", "[::ffff:127.0.0.2]", "0.0.0.0", "127.2", "2130706434", "0x7f.0.0.2"])
def test_other_hosts_are_not_asked(local, site, host, path):
    status, body = refused(local, part(address(site, path, host)))
    assert status in (400, 502), body
    assert "messages[0].content[0]" in body["message"]
    assert "cannot be fetched" in body["message"] and "404" not in body["message"]
    assert not site.asked_elsewhere
    assert answers_still(local, site)


def test_a_redirection_leads_nowhere_else(local, site):
    for _ in range(2):
        status, body = refused(local, part(address(site, "to/" + address(site, "picture", OTHER))))
        assert status == 400 and body["code"] == "unsupported"
        assert f"leads to {OTHER}" in body["message"]
    assert not site.asked_elsewhere


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x", "dict://x"])
def test_other_protocols_are_not_spoken(local, site, target):
    status, _ = refused(local, part(address(site, "to/" + target)))
    assert status == 400
    status, _ = refused(local, part(target))
    assert status == 400


@pytest.mark.parametrize("path, status, words", [
    ("status/404", 400, "status 404"), ("status/403", 400, "status 403"), ("status/500", 502, "status 500"),
    ("status/304", 400, "status 304"), ("empty", 400, "nothing is in"), ("around", 400, "redirects"),
    ("large", 413, "larger than"), ("endless", 413, "larger than"), ("cut", 502, ""),
    ("text", 400, "PNG"),
])
def test_answers_that_are_none(local, site, path, status, words):
    client = local.client().with_options(max_retries=0)
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": [part(address(site, path))]}])
    assert caught.value.status_code == status, caught.value.body
    assert words in caught.value.body["message"]
    assert caught.value.body["param"].startswith("messages[0].content[0]")
    assert answers_still(local, site)


def test_nothing_is_unzipped_on_the_way(local, site):
    ask(local, part(address(site, "gzip")))  # the bytes as they are, and these are a picture


@pytest.mark.parametrize("url", ["http://", "http://a b/", "http://x\u0000y/", "http://\n", "https://[::1",
                                 "http://x:99999/", "httpx://x/", "//x/y", "http://" + "x" * 9000])
def test_addresses_that_are_none(local, url):
    status, body = refused(local, part(url))
    assert status in (400, 413), body


def test_nobody_waits_for_who_has_gone(local, site):
    client = local.client().with_options(max_retries=0, timeout=1.0)
    with pytest.raises(openai.APITimeoutError):
        client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": [part(address(site, "silent"))]}])
    assert site.silent.is_set()
    began = time.monotonic()
    assert site.left.wait(10), "the fetch goes on without its client"
    assert time.monotonic() - began < 5
    assert answers_still(local, site)


def test_who_waits_for_a_server_keeps_nobody_waiting(local, site):
    def wait():
        client = local.client().with_options(max_retries=0, timeout=4.0)
        with pytest.raises(openai.APITimeoutError):
            client.chat.completions.create(
                model=MODEL, messages=[{"role": "user", "content": [part(address(site, "silent"))]}])

    waiting = [threading.Thread(target=wait) for _ in range(6)]
    for thread in waiting:
        thread.start()
    assert site.silent.wait(3)
    began = time.monotonic()
    assert ask(local, part(given(PICTURE, "image/png"))) and answers_still(local, site)
    assert time.monotonic() - began < 3
    for thread in waiting:
        thread.join()


def test_a_model_without_eyes_has_nothing_fetched(local, site):
    with pytest.raises(openai.BadRequestError) as caught:
        local.client().chat.completions.create(
            model="smollm2-135m", messages=[{"role": "user", "content": [part(address(site, "picture"))]}])
    assert caught.value.code == "unsupported" and "eyes" in caught.value.message
    assert not site.asked


def test_none_are_fetched_where_none_may(start_server, binary, site):
    for rules in ("none", "public"):
        server = start_server(binary, "serve", FOLDER, "--port", "0", "--fetch", rules)
        status, body = refused(server, part(address(site, "picture")))
        assert status == 400 and body["code"] == "unsupported"
    assert not site.asked


def test_proxies_are_not_asked(start_server, binary, site):
    proxy = f"http://{OTHER}:{site.server_port}"
    server = start_server("env", f"http_proxy={proxy}", f"all_proxy={proxy}", binary, "serve", FOLDER, "--port", "0",
                          "--fetch", ALLOWED)
    ask(server, part(address(site, "picture")))
    assert not site.asked_elsewhere
