"""bench: the figures agree with each other, and with what was asked for."""

import json
import time

import pytest


@pytest.fixture
def bench(helicon):
    def run(*arguments):
        return json.loads(helicon("bench", "tiny", "--json", *arguments).succeeds().out)
    return run


def test_rates_and_steps_agree(bench):
    row = bench("--prompt", 20, "--generate", 6, "--agents", 3, "--seed", 5)
    assert (row["model"], row["prompt_tokens"], row["generated_tokens"], row["agents"]) == ("tiny", 20, 6, 3)
    assert row["agents_tokens_per_second"] == pytest.approx(3 / row["step_seconds"])
    assert row["prefill_tokens_per_second"] == pytest.approx(20 / row["first_token_seconds"])
    assert "decode_tokens_per_second" not in row, "that is one stream's"
    one = bench("--prompt", 20, "--generate", 6)
    assert one["decode_tokens_per_second"] == pytest.approx(one["agents_tokens_per_second"])
    assert one["peak_bytes"] > one["file_bytes"] > 0


def test_what_stands_before_the_prompt_is_found_again(bench):
    row = bench("--depth", 320, "--prompt", 1, "--generate", 3, "--agents", 1, 2)
    assert (row["depth_tokens"], row["prompt_tokens"], row["cached_tokens"]) == (320, 1, 320)
    assert row["further"][0]["cached_tokens"] == 320, "the page behind has no more than the prompt's last token"
    assert row["first_token_after_cached_prefix_seconds"] == row["first_token_seconds"]
    assert bench("--prompt", 64)["cached_tokens"] == 0, "fresh tokens"


def test_several_numbers_of_agents(bench, helicon):
    """One prompt, and each number of agents has figures of its own."""
    arguments = ["--prompt", 20, "--agents", 1, 4, 2, "--generate", 6, 3, "--seed", 5]
    row = bench(*arguments)
    assert [(part["agents"], part["generated_tokens"]) for part in (row, *row["further"])] == [
        (1, 6), (4, 3), (2, 3)]
    for part in row["further"]:
        assert part["agents_tokens_per_second"] == pytest.approx(part["agents"] / part["step_seconds"])
        assert "peak_bytes" not in part, "that of one stream stands alone"
    lines = helicon("bench", "tiny", *arguments).succeeds().out.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("agents ")] == ["1", "4", "2"]


def test_the_common_prompt_is_read_once(bench):
    """Each agent more adds its own tail to a step, and nothing else."""
    read = {(agents, prompt): bench("--prompt", prompt, "--generate", 8, "--agents", agents)["bytes_read_per_step"]
            for agents in (1, 3, 5) for prompt in (10, 30)}
    tails = read[3, 10] - read[1, 10]
    assert tails > 0 and read[5, 10] - read[3, 10] == tails
    assert read[5, 30] - read[5, 10] == read[1, 30] - read[1, 10] == pytest.approx(20 * tails / (2 * 4))


def test_shares_of_the_machine(bench):
    row = bench("--machine", "--prompt", 20, "--generate", 6)
    assert row["memory_bytes_per_second"] > 1e9
    assert row["step_share_of_bandwidth"] == pytest.approx(
        row["bytes_read_per_step"] / row["median_step_seconds"] / row["memory_bytes_per_second"])


def test_the_machine_alone(helicon):
    row = json.loads(helicon("bench", "--machine", "--json").succeeds().out)
    assert row["memory_bytes_per_second"] > 1e9 and "model" not in row


def test_loading_counts_from_where_it_is_told(bench):
    assert 100 < bench("--since", time.monotonic() - 100)["load_seconds"] < 130
    assert bench()["load_seconds"] < 30


def test_what_does_not_fit(helicon):
    helicon("bench").fails_with("model", code=2)
    helicon("bench", "tiny", "--prompt", 1 << 19).fails_with("context")
    helicon("bench", "tiny", "--agents", 0).fails_with("agents", code=2)
    helicon("bench", "nobody").fails_with("nobody")


def test_a_later_start_maps_what_was_packed(helicon, bench):
    rows = [bench("--prompt", 20)["weights"] for _ in range(2)]
    assert rows == ["packed now", "packed by an earlier start"]
    helicon.env["HELICON_KEEP_PACKED"] = "no"
    assert bench("--prompt", 20)["weights"] == "packed now"
    helicon.env["HELICON_KEEP_PACKED"] = "maybe"
    refused = helicon("bench", "tiny")
    assert refused.code != 0 and "HELICON_KEEP_PACKED" in refused.error


def test_what_was_packed_goes_with_its_model(helicon, bench):
    bench("--prompt", 20)
    folder = helicon.home / "cache" / "packed"
    assert len(list(folder.iterdir())) == 1
    helicon("rm", "tiny").succeeds()
    assert list(folder.iterdir()), "the model's file was a link; the file itself is still there"
    helicon.model.rename(helicon.model.with_suffix(".away"))
    try:
        (helicon.home / "models" / "other.gguf").write_bytes(helicon.model.with_suffix(".away").read_bytes())
        helicon("rm", "other").succeeds()
        assert not list(folder.iterdir())
    finally:
        helicon.model.with_suffix(".away").rename(helicon.model)
