"""Runs a program and says how much of the machine others took meanwhile: witness.py [--since] PROGRAM
ARGUMENT... With --since the program is told the clock's reading at its start. Its last line is JSON."""
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


command = sys.argv[1:]
SINCE = command[0] == "--since"
command = command[1:] if SINCE else command
busy, start = busy_seconds(), time.monotonic()
if SINCE:
    command += ["--since", repr(start)]
result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
if result.returncode != 0:
    sys.exit(result.returncode)
children = resource.getrusage(resource.RUSAGE_CHILDREN)
own = resource.getrusage(resource.RUSAGE_SELF)
used = sum(usage.ru_utime + usage.ru_stime for usage in (children, own))
others = (busy_seconds() - busy - used) / (time.monotonic() - start)
print(json.dumps(json.loads(result.stdout.splitlines()[-1]) | {"processors_of_others": round(others, 3)}))
