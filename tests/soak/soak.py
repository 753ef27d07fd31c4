#!/usr/bin/env python3
"""Thousands of requests of chance against the real server: is every answer right, does it give
everything back, does its memory stay flat?

Requests have prompts of 1 to some 1,500 tokens, 1 to 4 answers of 1 to 64 tokens, fresh prompts and such
as begin like others, streamed and whole; some clients hang up anywhere, some send what is wrong. A set of
reference requests is asked before, one after the other, and again and again in between: each must come
back the same, to the letter. Of the fresh ones some are asked again alone at the end.

  HELICON_BINARY=build/release/helicon tests/soak/soak.py [--requests N] [--seconds S]

Progress on standard error; Ctrl-C ends it early and what was found is told. One JSON line at the end;
exit code 1 where something is wrong.
"""
import argparse
import asyncio
import json
import os
import pathlib
import random
import re
import signal
import statistics
import subprocess
import sys
import threading
import time

import client
from questions import MODEL, Chance

CONTEXT = 2048  # a small cache: it is full long before the run's second half
SAMPLE = 60     # fresh answers to be asked for again at the end


def percentiles(values):
    values = sorted(values)
    return {f"p{p}": round(values[min(len(values) - 1, len(values) * p // 100)], 4) for p in (50, 99)} if values else {}


class Server:
    """`helicon serve` in a process of its own; what its log says of queueing and of failures."""

    def __init__(self, binary, timeout):
        self.timeout = timeout
        command = [binary, "serve", "--port", "0", "--context", str(CONTEXT), MODEL]
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | {"HELICON_LOG": "info"})
        self.queued, self.failures, self.other = [], [], []
        self.reader = threading.Thread(target=self._read_log, daemon=True)
        self.reader.start()
        found = re.search(r"http://([\d.]+):(\d+)", self.process.stdout.readline())
        assert found, "the server does not start: " + " ".join(self.other)
        self.host, self.port = found.group(1), int(found.group(2))

    def _read_log(self):
        for line in self.process.stderr:
            if match := re.search(r"queued ([\d.]+) s", line):
                self.queued.append(float(match.group(1)))
            if re.search(r" 5\d\d \d+\.\d+ s|\[(error|critical)\]", line):
                self.failures.append(line.strip())
            elif " /v1/chat/completions " not in line and " /health " not in line:
                self.other.append(line.strip())

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024

    async def ask(self, body, hang_up=None):
        return await client.request(self.host, self.port, "POST", "/v1/chat/completions", body, hang_up,
                                    self.timeout)

    async def pages(self):
        answer = await client.request(self.host, self.port, "GET", "/health")
        return answer.usage["pages"][MODEL]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self.reader.join(timeout=10)
        return code


def essence(answer):
    """What must not depend on anything but the request."""
    return [answer.text, answer.finish, answer.usage.get("prompt_tokens"), answer.usage.get("completion_tokens")]


class Soak:
    """A run: workers that ask, and what they find."""

    def __init__(self, server, options):
        self.server = server
        self.options = options
        self.chance = Chance(random.Random(options.seed), options.references)
        self.expected = []
        self.counts = {"right": 0, "wrong_refused": 0, "hung_up": 0}
        self.wrong = []         # what should not be
        self.sample = []        # (body, essence) of fresh answers
        self.first_tokens, self.seconds = [], []
        self.memory = []        # (requests done, bytes)
        self.done = 0
        self.stopped = False

    def fail(self, text, body=b""):
        self.wrong.append(text)
        print(f"WRONG: {text}\n  {body[:300]!r}", file=sys.stderr, flush=True)

    async def ask_references(self):
        for fields in self.chance.references:
            answer = await self.server.ask(json.dumps(fields).encode())
            if answer.status != 200:
                self.fail(f"reference: status {answer.status}: {answer.error}")
            self.expected.append(essence(answer))

    async def worker(self):
        while self.done < self.options.requests and not self.stopped:
            self.done += 1
            question = self.chance.question()
            try:
                answer = await self.server.ask(question.body, question.hang_up)
            except (OSError, EOFError, TimeoutError) as error:
                self.fail(f"{question.kind}: {type(error).__name__}: {error}", question.body)
                continue
            self.judge(question, answer)

    def judge(self, question, answer):
        if answer.hung_up:
            self.counts["hung_up"] += 1
            return
        if question.kind == "wrong":
            if 400 <= answer.status < 500 and answer.error:
                self.counts["wrong_refused"] += 1
            else:
                self.fail(f"a wrong request got status {answer.status}", question.body)
            return
        if answer.status != 200 or answer.error:
            self.fail(f"status {answer.status}: {answer.error}", question.body)
            return
        self.seconds.append(answer.seconds)
        if answer.first_token:
            self.first_tokens.append(answer.first_token)
        if question.kind == "reference":
            expected = self.expected[question.reference]
            if essence(answer) != expected:
                self.fail(f"reference {question.reference} came back as {essence(answer)}, "
                          f"was {expected}", question.body)
                return
        elif len(answer.text) != question.choices or not set(answer.finish) <= {"stop", "length"}:
            self.fail(f"{len(answer.text)} of {question.choices} answers, {answer.finish}", question.body)
            return
        elif b'"seed"' in question.body or b'"temperature": 0' in question.body:
            self.keep(question.body, essence(answer))
        self.counts["right"] += 1

    def keep(self, body, found):
        """Reservoir sampling, so that the sample is of the whole run."""
        self.kept = getattr(self, "kept", 0) + 1
        if len(self.sample) < self.options.sample:
            self.sample.append((body, found))
        elif (at := self.chance.random.randrange(self.kept)) < self.options.sample:
            self.sample[at] = (body, found)

    async def watch(self, begin):
        while True:
            await asyncio.sleep(1)
            self.memory.append((self.done, self.server.resident_bytes()))
            seconds = time.monotonic() - begin
            if len(self.memory) % 10 == 0:
                print(f"{self.done} of {self.options.requests}, {seconds:.0f} s, {self.counts}, "
                      f"{len(self.wrong)} wrong, {self.memory[-1][1] / 1e6:.0f} MB", file=sys.stderr, flush=True)
            if self.options.seconds and seconds > self.options.seconds:
                self.stopped = True

    async def run(self):
        await self.ask_references()
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, setattr, self, "stopped", True)
        begin = time.monotonic()
        watch = asyncio.create_task(self.watch(begin))
        await asyncio.gather(*(self.worker() for _ in range(self.options.concurrency)))
        watch.cancel()
        seconds = time.monotonic() - begin
        for body, found in self.sample:
            again = await self.server.ask(body)
            if essence(again) != found:
                self.fail(f"alone it came back as {essence(again)}, was {found}", body)
        await self.pages_are_back()
        self.memory_is_flat()
        return seconds

    async def pages_are_back(self):
        """Those who hung up last are noticed a little later."""
        for _ in range(100):
            self.pages = await self.server.pages()
            if self.pages["free"] == self.pages["all"]:
                return
            await asyncio.sleep(0.1)
        self.fail(f"pages not returned: {self.pages}")

    def memory_is_flat(self):
        """Growth over the second half by a straight line through it; judged in long runs only."""
        half = [(done, size) for done, size in self.memory if done >= self.done // 2]
        self.growth, self.mean = 0, 0
        if len(half) < 20:
            return
        slope, _ = statistics.linear_regression(*zip(*half))
        self.growth = slope * (half[-1][0] - half[0][0])
        self.mean = statistics.mean(size for _, size in half)
        if self.done >= 5000 and self.growth > 0.02 * self.mean:
            self.fail(f"memory grew by {self.growth / 1e6:.1f} MB in the second half")

    def report(self, seconds):
        if self.server.failures:
            self.fail(f"{len(self.server.failures)} failures in the log, first {self.server.failures[0]}")
        return {"requests": self.done, "seconds": round(seconds, 1), **self.counts,
                "asked_again_alone": len(self.sample), "wrong": len(self.wrong), "first_wrong": self.wrong[:3],
                "queued_seconds": percentiles(self.server.queued),
                "first_token_seconds": percentiles(self.first_tokens),
                "answer_seconds": percentiles(self.seconds), "pages": self.pages,
                "memory_bytes": round(self.mean) or self.server_bytes,
                "memory_growth_bytes_in_second_half": round(self.growth),
                "concurrency": self.options.concurrency, "seed": self.options.seed}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=0, help="stop after so long; 0: never")
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--references", type=int, default=40)
    parser.add_argument("--sample", type=int, default=SAMPLE)
    parser.add_argument("--timeout", type=float, default=600, help="seconds that an answer may take")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    server = Server(os.environ.get("HELICON_BINARY", "build/release/helicon"), options.timeout)
    soak = Soak(server, options)
    try:
        seconds = asyncio.run(soak.run())
        soak.server_bytes = server.resident_bytes()
    finally:
        code = server.stop()
    if code != 0:
        soak.fail(f"the server ended with {code}")
    print(json.dumps(soak.report(seconds)))
    return 1 if soak.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
