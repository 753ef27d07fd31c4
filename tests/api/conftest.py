"""Clients that do not know this project, against its servers: the real one (HELICON_BINARY, with
the models of HELICON_HOME), and the one over fake models that is built beside it."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

import openai
import pytest

ROOT = pathlib.Path(__file__).parents[2]
BINARY = pathlib.Path(os.environ.get("HELICON_BINARY", ROOT / "build/release/helicon"))
FAKE_SERVER = pathlib.Path(
    os.environ.get("HELICON_FAKE_SERVER", BINARY.parent / "tests/api/fake_server"))


class Server:
    """A server in a process of its own, from its first line of output to its exit code."""

    def __init__(self, command, log):
        self.log_file = log
        with open(log, "wb") as errors:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                [str(part) for part in command], stdout=subprocess.PIPE, stderr=errors, text=True,
                env=os.environ | {"HELICON_LOG": "info"})
        line = self.process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, (line, self.log())
        self.url = found.group()

    def log(self):
        return self.log_file.read_text()

    def wait_for_log(self, pattern, seconds=10, since=0):
        """The match of `pattern` in the log from character `since` on, which may still have to be
        written."""
        end = time.monotonic() + seconds
        while not (match := re.search(pattern, self.log()[since:])):
            assert time.monotonic() < end, (pattern, self.log())
            time.sleep(0.01)
        return match

    def client(self, **options):
        return openai.OpenAI(**self.client_options(options))

    def async_client(self, **options):
        return openai.AsyncOpenAI(**self.client_options(options))

    def client_options(self, options):
        return {"base_url": self.url + "/v1", "api_key": "none", "max_retries": 0,
                "timeout": 120} | options

    def request(self, method, path, body=None, **headers):
        """(status, headers, body) of a plain request."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


@pytest.fixture(scope="session")
def start_server(tmp_path_factory):
    """start_server(COMMAND...): stopped at the end, and whoever still runs must stop cleanly."""
    servers = []

    def start(*command):
        server = Server(command, tmp_path_factory.mktemp("server") / "log")
        servers.append(server)
        return server

    yield start
    for server in servers:
        if server.process.poll() is None:
            assert server.stop() == 0, server.log()


@pytest.fixture(scope="session")
def binary():
    return BINARY


@pytest.fixture(scope="session")
def fake(start_server):
    return start_server(FAKE_SERVER, "https://app.example")


@pytest.fixture(scope="session")
def real(start_server):
    return start_server(BINARY, "serve", "--port", "0")
