"""What is measured: jobs are processes to run, rows are lines of the table that their figures fill."""
import dataclasses

MODELS = ["qwen2.5-coder-1.5b", "smollm2-135m", "gemma3-270m"]
SHORT, LONG = 512, 4096  # tokens of a prompt
AGENTS = [4, 8, 16]


@dataclasses.dataclass(frozen=True)
class Job:
    """One measurement of either program. Ours through `helicon bench`, theirs through llama_peer.py."""
    name: str
    ours: tuple
    theirs: tuple


def _agents(prompt, agents):
    common = ("--prompt", prompt, "--agents", agents, "--generate", 32)
    return Job(f"agents-{agents}-{prompt}", common, common)


JOBS = {job.name: job for job in [
    Job("short", ("--prompt", SHORT, "--generate", 128), ("--prompt", SHORT, "--generate", 128)),
    *[_agents(SHORT, agents) for agents in AGENTS],
    # Ours asks for the prompt, and then for it and one token more; theirs keeps the prompt's cells.
    Job("long", ("--depth", LONG, "--prompt", 1, "--generate", 64),
        ("--prompt", LONG, "--generate", 64, "--cached",
                                                                  "--count-memory")),
    *[_agents(LONG, agents) for agents in AGENTS]]}


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the table: a key of a job's figures. A goal is a ratio of ours to theirs; for `lower`
    rows it is the most that it may be. `fixed` rows take llama.cpp in the one configuration that
    decodes fastest, the others in the one that is best for them."""
    name: str
    job: str
    key: str
    title: str
    unit: str
    goals: tuple = (None, None, None)  # by model
    our_key: str = ""                  # where ours is called differently
    lower: bool = False
    fixed: bool = False


def _agent_row(prompt, agents, goals):
    return Row(f"agents-{agents}-{prompt}", f"agents-{agents}-{prompt}", "agents_tokens_per_second",
               f"{agents} agents on one {prompt:,}-token prompt, together", "tokens/s", goals)


ROWS = [
    Row("prefill-512", "short", "prefill_tokens_per_second", "prefill 512", "tokens/s", (3.0, 2.0, 1.5)),
    Row("prefill-4096", "long", "prefill_tokens_per_second", "prefill 4,096", "tokens/s", (3.0, 2.0, 1.5),
        our_key="depth_prefill_tokens_per_second"),
    Row("decode", "short", "decode_tokens_per_second", "decode 128, one stream", "tokens/s",
        (1.35, 2.0, 1.5), fixed=True),
    Row("decode-4096", "long", "decode_tokens_per_second", "decode at depth 4,096", "tokens/s",
        (2.0, 2.0, 1.5)),
    *[_agent_row(SHORT, agents, (5.0 if agents == 8 else None, 2.0, 1.5)) for agents in AGENTS],
    *[_agent_row(LONG, agents, (6.0 if agents == 16 else None, 2.0, 1.5)) for agents in AGENTS],
    Row("cached", "long", "first_token_after_cached_prefix_seconds",
        "first token after a cached 4,096-token prefix", "s", lower=True),
    Row("load", "short", "load_seconds", "load to the first token of a short prompt", "s",
        (1.0, None, None), lower=True, fixed=True),
    Row("memory", "long", "peak_bytes", "peak memory, one stream at 4,096", "bytes",
        (1.15, None, None), lower=True, fixed=True),
]
