#!/usr/bin/env python3
"""llama.cpp's side of a bench row, through llama-cpp-python: one JSON line like `helicon bench`'s."""
import argparse
import json
import random
import resource
import time

import llama_cpp


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--prompt", type=int, required=True)
    parser.add_argument("--generate", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--flash", action="store_true")
    options = parser.parse_args()
    start = time.perf_counter()
    llama = llama_cpp.Llama(options.model, n_ctx=options.prompt + options.generate + 8, n_batch=512,
                            n_threads=options.threads, n_threads_batch=options.threads,
                            flash_attn=options.flash, verbose=False)
    loaded = time.perf_counter() - start
    generator = random.Random(options.seed)
    tokens = [generator.randrange(llama.n_vocab()) for _ in range(options.prompt + options.generate)]
    start = time.perf_counter()
    llama.eval(tokens[:options.prompt])
    prefill = time.perf_counter() - start
    # Tokens are given, not sampled: sampling in Python would be counted against llama.cpp.
    start = time.perf_counter()
    for token in tokens[options.prompt:]:
        llama.eval([token])
    decode = time.perf_counter() - start
    print(json.dumps({
        "system": llama_cpp.llama_print_system_info().decode(),
        "flash_attention": options.flash,
        "load_seconds": loaded,
        "prefill_tokens_per_second": options.prompt / prefill,
        "decode_tokens_per_second": options.generate / decode,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


if __name__ == "__main__":
    main()
