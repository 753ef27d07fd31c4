"""What is measured: jobs are prompts, rows are lines of the table that a job's figures fill."""
import dataclasses

MODELS = ["qwen2.5-coder-1.5b", "smollm2-135m", "gemma3-270m"]
AGENTS = [4, 8, 16]
AGENT_TOKENS = 24  # that each of several agents writes


@dataclasses.dataclass(frozen=True)
class Job:
    """One prompt, and what both programs do with it. One stream writes `generate` tokens, and then
    agents write. `cached` jobs ask for the prompt, and then for it and one token more."""
    name: str
    prompt: int
    generate: int
    cached: bool = False

    def ours(self):
        """Arguments of `helicon bench`."""
        prompt = ["--depth", self.prompt, "--prompt", 1] if self.cached else ["--prompt", self.prompt]
        return [*prompt, "--agents", 1, *AGENTS, "--generate", self.generate, AGENT_TOKENS]

    def their_stream(self):
        """Arguments of llama_peer.py for one stream."""
        more = ["--cached", "--count-memory"] if self.cached else []
        return ["--prompt", self.prompt, "--generate", self.generate, *more]

    def their_agents(self):
        return ["--prompt", self.prompt, "--generate", AGENT_TOKENS, "--agents", *AGENTS]


JOBS = {job.name: job for job in [Job("short", 512, 128), Job("long", 4096, 64, cached=True)]}


def agents_key(agents, key):
    """What a figure of several agents is called, as all of a job's stand side by side."""
    return f"{key} of {agents}"


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
    agents: bool = False               # whether several write


def _agent_row(job, agents, goals):
    return Row(f"agents-{agents}-{job.prompt}", job.name, agents_key(agents, "agents_tokens_per_second"),
               f"{agents} agents on one {job.prompt:,}-token prompt, together", "tokens/s", goals, agents=True)


ROWS = [
    Row("prefill-512", "short", "prefill_tokens_per_second", "prefill 512", "tokens/s", (3.0, 2.0, 1.5)),
    Row("prefill-4096", "long", "prefill_tokens_per_second", "prefill 4,096", "tokens/s", (3.0, 2.0, 1.5),
        our_key="depth_prefill_tokens_per_second"),
    Row("decode", "short", "decode_tokens_per_second", "decode 128, one stream", "tokens/s",
        (1.35, 2.0, 1.5), fixed=True),
    Row("decode-4096", "long", "decode_tokens_per_second", "decode at depth 4,096", "tokens/s",
        (2.0, 2.0, 1.5)),
    *[_agent_row(JOBS["short"], agents, (5.0 if agents == 8 else None, 2.0, 1.5)) for agents in AGENTS],
    *[_agent_row(JOBS["long"], agents, (6.0 if agents == 16 else None, 2.0, 1.5)) for agents in AGENTS],
    Row("cached", "long", "first_token_after_cached_prefix_seconds",
        "first token after a cached 4,096-token prefix", "s", lower=True),
    Row("load", "short", "load_seconds", "load to the first token of a short prompt", "s",
        (1.0, None, None), lower=True, fixed=True),
    Row("memory", "long", "peak_bytes", "peak memory, one stream at 4,096", "bytes",
        (1.15, None, None), lower=True, fixed=True),
]
