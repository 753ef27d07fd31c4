#!/usr/bin/env python3
"""llama.cpp's side of a bench row, through llama-cpp-python: one JSON line like `helicon bench`'s.

Only llama_decode is timed. Batches are filled before, and tokens are given, random and different for
each agent, rather than sampled, so that neither Python nor sampling is counted against llama.cpp.
Agents share the prompt's cells of one unified cache (llama_memory_seq_cp).
"""
import argparse
import ctypes
import json
import pathlib
import random
import statistics
import sys
import time

STARTED = time.monotonic()
import llama_cpp as lc  # noqa: E402  pylint: disable=wrong-import-position

LIBRARY_SECONDS = time.monotonic() - STARTED
SHORT_PROMPT = 16  # as in apps/bench.cc


def status_bytes(key):
    """A figure of /proc/self/status, in bytes."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    raise KeyError(key)


def reset_peak():
    """From now on VmHWM is the peak of what comes (man 5 proc, clear_refs)."""
    pathlib.Path("/proc/self/clear_refs").write_text("5")


def let_go_of_file(path):
    """Takes the pages of a mapped file out of this process. Those that are used come back, from the
    page cache; those of tensors that were copied while loading do not, and are not counted twice."""
    libc = ctypes.CDLL(None, use_errno=True)
    for line in pathlib.Path("/proc/self/maps").read_text().splitlines():
        fields = line.split(maxsplit=5)
        if len(fields) == 6 and fields[5] == str(path.resolve()):
            begin, end = (int(address, 16) for address in fields[0].split("-"))
            assert libc.madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), 4) == 0  # MADV_DONTNEED


class Peer:
    """One model, one context, and batches of tokens at places of sequences."""

    def __init__(self, options):
        lc.llama_backend_init()
        self.keep = lc.llama_log_callback(lambda level, text, data: None)
        lc.llama_log_set(self.keep, ctypes.c_void_p(0))
        parameters = lc.llama_model_default_params()
        parameters.n_gpu_layers = 0
        parameters.use_extra_bufts = options.repack
        self.model = lc.llama_model_load_from_file(str(options.model).encode(), parameters)
        assert self.model, "llama.cpp cannot load it"
        parameters = lc.llama_context_default_params()
        most = max(options.agents)
        parameters.n_ctx = (options.prompt + most * options.generate + 1 + 255) // 256 * 256
        parameters.n_batch = parameters.n_ubatch = max(options.ubatch, most)
        parameters.n_seq_max = most
        parameters.n_threads = parameters.n_threads_batch = options.threads
        parameters.flash_attn_type = int(options.flash)
        parameters.kv_unified = True
        parameters.swa_full = options.full_window
        parameters.offload_kqv = parameters.op_offload = False
        self.context = lc.llama_init_from_model(self.model, parameters)
        assert self.context, "llama.cpp cannot make a context"
        self.memory = lc.llama_get_memory(self.context)
        self.vocabulary = lc.llama_vocab_n_tokens(lc.llama_model_get_vocab(self.model))
        self.batch = lc.llama_batch_init(max(options.ubatch, most), 0, 1)
        self.ubatch = options.ubatch

    def decode(self, rows):
        """Seconds for rows of (token, position, sequence, whether logits are wanted)."""
        batch = self.batch
        batch.n_tokens = len(rows)
        for i, (token, position, sequence, wanted) in enumerate(rows):
            batch.token[i] = token
            batch.pos[i] = position
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = sequence
            batch.logits[i] = wanted
        start = time.monotonic()
        result = lc.llama_decode(self.context, batch)
        lc.llama_synchronize(self.context)
        seconds = time.monotonic() - start
        assert result == 0, f"llama_decode gives {result}"
        assert lc.llama_get_logits_ith(self.context, -1)
        return seconds

    def prefill(self, tokens):
        seconds = 0
        for start in range(0, len(tokens), self.ubatch):
            part = tokens[start:start + self.ubatch]
            rows = [(token, start + i, 0, False) for i, token in enumerate(part)]
            rows[-1] = (*rows[-1][:3], True)
            seconds += self.decode(rows)
        return seconds

    def load_state(self, path, tokens):
        """The prompt's keys and values from a file that save_state() wrote."""
        kept, count = (lc.llama_token * len(tokens))(), ctypes.c_size_t()
        assert lc.llama_state_seq_load_file(self.context, str(path).encode(), 0, kept, len(tokens),
                                            ctypes.byref(count))
        assert count.value == len(tokens)

    def save_state(self, path, tokens):
        array = (lc.llama_token * len(tokens))(*tokens)
        temporary = path.with_suffix(".new")
        assert lc.llama_state_seq_save_file(self.context, str(temporary).encode(), 0, array, len(tokens))
        temporary.rename(path)


def measure(options):
    interpreter = status_bytes("VmRSS")
    loading = time.monotonic()
    peer = Peer(options)
    generator = random.Random(options.seed)

    def draw(count):
        return [generator.randrange(peer.vocabulary) for _ in range(count)]

    row = {"program": "llama.cpp", "system": lc.llama_print_system_info().decode(),
           "version": lc.__version__, "flash_attention": options.flash, "repacked": options.repack,
           "ubatch": options.ubatch, "threads": options.threads, "prompt_tokens": options.prompt,
           "generated_tokens": options.generate}
    # The same as ours: loading ends with the first token of a short prompt. It counts from where the
    # library is there: Python's own start is none of llama.cpp's.
    peer.prefill(draw(SHORT_PROMPT))
    row["load_seconds"] = time.monotonic() - loading
    row["load_peak_bytes"] = status_bytes("VmHWM") - interpreter
    lc.llama_memory_clear(peer.memory, False)
    if options.count_memory:
        let_go_of_file(options.model)
    reset_peak()
    tokens = draw(options.prompt)
    state = options.states and options.states / f"{options.model.stem}-{options.prompt}-{int(options.flash)}.state"
    if state and state.exists():
        peer.load_state(state, tokens)
    else:
        row["prefill_tokens_per_second"] = options.prompt / peer.prefill(tokens)
        if state:
            options.states.mkdir(parents=True, exist_ok=True)
            peer.save_state(state, tokens)
    further = []
    for agents in options.agents:
        figures = row if agents == options.agents[0] else {}
        for agent in range(1, agents):
            lc.llama_memory_seq_cp(peer.memory, 0, agent, -1, -1)
        steps = []
        for step in range(options.generate):
            given = draw(agents)
            steps.append(peer.decode([(token, options.prompt + step, agent, True)
                                      for agent, token in enumerate(given)]))
        for agent in range(1, agents):
            lc.llama_memory_seq_rm(peer.memory, agent, -1, -1)
        lc.llama_memory_seq_rm(peer.memory, 0, options.prompt, -1)
        figures |= {"agents": agents, "agents_tokens_per_second": agents * len(steps) / sum(steps),
                    "step_seconds": sum(steps) / len(steps), "median_step_seconds": statistics.median(steps)}
        if agents == 1:
            figures["decode_tokens_per_second"] = len(steps) / sum(steps)
        if figures is not row:
            further.append(figures)
    if further:
        row["further"] = further
    if options.cached:
        row["first_token_after_cached_prefix_seconds"] = peer.decode([(draw(1)[0], options.prompt, 0, True)])
    # The interpreter with the library's own pages, as they were before the model was opened, is not
    # llama.cpp's doing.
    row["library_seconds"] = LIBRARY_SECONDS
    row["interpreter_bytes"] = interpreter
    if options.count_memory:
        row["peak_bytes"] = status_bytes("VmHWM") - interpreter
    row["file_bytes"] = status_bytes("RssFile")
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--prompt", type=int, required=True)
    parser.add_argument("--generate", type=int, required=True)
    parser.add_argument("--agents", type=int, nargs="+", default=[1], help="one number after the other")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--flash", action="store_true")
    parser.add_argument("--repack", action="store_true")
    parser.add_argument("--full-window", action="store_true",
                        help="sliding-window layers keep everything (swa_full)")
    parser.add_argument("--ubatch", type=int, default=512)
    parser.add_argument("--cached", action="store_true", help="time the prompt and one token more")
    parser.add_argument("--count-memory", action="store_true", help="the file's pages that are used, once")
    parser.add_argument("--states", type=pathlib.Path,
                        help="a folder that keeps prompts' keys and values: only the first run computes them")
    options = parser.parse_args()
    print(json.dumps(measure(options)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
