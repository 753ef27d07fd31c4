"""Runs a program that ends with a line of JSON, and adds how much of the machine others took meanwhile."""
import argparse
import json
import os
import resource
import subprocess
import sys
import time


def busy_seconds():
    """Of all processors and processes, and what a hypervisor took away."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, interrupts, soft, stolen = (int(word) for word in file.readline().split()[1:9])
    return (user + nice + system + interrupts + soft + stolen) / os.sysconf("SC_CLK_TCK")


def read(path):
    """So that all of it is in the page cache."""
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 22):
            pass


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", help="to be in the page cache when the program starts")
    parser.add_argument("--tell-start", action="store_true",
                        help="add --since and the clock's reading to the program's arguments")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if options.file:
        read(options.file)
    used_before = os.times()
    busy, start = busy_seconds(), time.monotonic()
    since = ["--since", repr(start)] if options.tell_start else []
    result = subprocess.run([*options.command, *since], stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        return result.returncode
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    now = os.times()
    used = children.ru_utime + children.ru_stime + now.user + now.system - used_before.user - used_before.system
    others = (busy_seconds() - busy - used) / (time.monotonic() - start)
    print(json.dumps(json.loads(result.stdout.splitlines()[-1]) | {"processors_of_others": round(others, 3)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
