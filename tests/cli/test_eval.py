"""eval: problems in, figures out; stopped and taken up again; two runs beside each other."""

import fcntl
import json
import signal
import time

import pytest

# The tiny model says the alphabet from where the question ends.
PROBLEMS = [{"question": "from m", "answer": "xyz"}, {"question": "from 3", "answer": 456789},
            {"question": "from x", "answer": "abc"}]


@pytest.fixture
def problems(tmp_path):
    file = tmp_path / "problems.jsonl"
    file.write_text("\n\n".join(json.dumps(problem) for problem in PROBLEMS) + "\n")
    return file


@pytest.fixture
def results(tmp_path):
    return tmp_path / "results.jsonl"


@pytest.fixture
def evaluate(helicon, problems, results):
    def run(*arguments, data=problems, kept=results):
        return helicon("eval", data, "--model", "tiny", "--results", kept, *arguments)
    return run


def test_counts_what_is_right(evaluate, results):
    summary = json.loads(evaluate("--json").succeeds().out)
    assert (summary["problems"], summary["correct"]) == (3, 2)
    low, high = summary["accuracy_interval"]
    assert low < summary["accuracy"] < high and summary["accuracy"] == pytest.approx(2 / 3)
    assert summary["tokens"]["median"] > 0 and summary["seconds"]["p95"] >= summary["seconds"]["median"]
    head, *lines = [json.loads(line) for line in results.read_text().splitlines()]
    assert head["task"] == "file" and head["mode"] == "instant"
    assert [line["correct"] for line in lines] == [True, True, False]
    assert lines[1]["extracted"] == "456789"
    assert "2 of 3 right" in evaluate().succeeds().out, "for people"


def test_goes_on_where_it_was_stopped(evaluate, results):
    evaluate("--limit", 1).succeeds()
    first = results.read_text()
    results.write_text(first + '{"id": "1", "corr')  # as a full disk or a power failure leaves it
    summary = json.loads(evaluate("--json").succeeds().out)
    assert summary["problems"] == 3
    assert results.read_text().startswith(first)
    assert len(results.read_text().splitlines()) == 4
    before = results.read_text()
    evaluate().succeeds()
    assert results.read_text() == before, "nothing is left to do"


def test_another_run_does_not_mix_in(evaluate):
    evaluate().succeeds()
    evaluate("--seed", 7).fails_with("is of another run")
    evaluate("--mode", "thinking").fails_with("is of another run")


@pytest.mark.parametrize("mode,options", [("thinking", []), ("contemplating", ["--agents", 3])])
def test_in_every_mode(evaluate, mode, options):
    summary = json.loads(evaluate("--mode", mode, *options, "--budget", 40, "--json",
                                  "--parallel", 2).succeeds().out)
    assert summary["problems"] == 3 and summary["mode"] == mode


def test_figures_are_of_the_problems_asked_for(evaluate):
    evaluate().succeeds()
    assert json.loads(evaluate("--limit", 2, "--json").succeeds().out)["problems"] == 2
    assert json.loads(evaluate("--first", 2, "--json").succeeds().out)["correct"] == 0


def test_what_a_mode_does_not_have_is_refused(evaluate, results):
    evaluate("--agents", 4).fails_with("--agents", "--mode contemplating", code=2)
    evaluate("--mode", "thinking", "--rounds", 1).fails_with("--rounds", code=2)
    evaluate("--budget", 40).fails_with("--mode thinking", code=2)
    evaluate("--mode", "thinking", "--effort", "none").fails_with("effort", "minimal")
    assert not results.exists()


def test_the_default_effort_is_none_of_them(evaluate):
    evaluate("--mode", "thinking").succeeds()
    evaluate("--mode", "thinking", "--effort", "default").succeeds()  # the same run
    evaluate("--mode", "thinking", "--effort", "low").fails_with("is of another run")


def test_stopped_by_hand(helicon, problems, tmp_path):
    """As the shell counts; what was solved is kept."""
    many = tmp_path / "many.jsonl"
    many.write_text("".join(json.dumps({"question": f"from {i}", "answer": "x"}) + "\n"
                            for i in range(10_000)))
    kept = tmp_path / "kept.jsonl"
    running = helicon.start("eval", many, "--model", "tiny", "--results", kept)
    while not kept.exists() or kept.read_text().count("\n") < 3:
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=30)
    assert running.returncode == 130 and b"goes on from here" in errors


def test_two_runs_beside_each_other(helicon, evaluate, tmp_path):
    other = tmp_path / "other.jsonl"
    evaluate().succeeds()
    evaluate("--max-tokens", 3, kept=other).succeeds()
    row = json.loads(helicon("eval", "--compare", other, tmp_path / "results.jsonl", "--json")
                     .succeeds().out)
    assert (row["problems"], row["only_first"], row["only_second"]) == (3, 0, 2)
    assert row["difference"] == pytest.approx(2 / 3)
    assert (row["first"]["correct"], row["second"]["correct"]) == (0, 2)
    assert row["difference_interval"][0] < row["difference"] < row["difference_interval"][1]
    assert row["mcnemar_p"] == pytest.approx(0.5)
    assert "+66.7 points" in helicon("eval", "--compare", other, tmp_path / "results.jsonl").out


@pytest.mark.parametrize("text,reason", [
    ("", "has 0 problems"), ("{", "line 1 is no JSON object"), ('{"question": 1, "answer": 2}', "line 1"),
    ('{"question": "a"}', "answer"), ('{"question": "a", "answer": "b"}\n[]\n', "line 2"),
])
def test_files_that_hold_no_problems(evaluate, tmp_path, text, reason):
    file = tmp_path / "bad.jsonl"
    file.write_text(text)
    evaluate(data=file).fails_with(reason)


def test_what_is_missing_is_told(helicon, tmp_path):
    helicon("eval", "gsm8").fails_with("did you mean 'gsm8k'?")
    helicon("eval", "gsm8k").fails_with("--data")
    helicon("eval", "gsm8k", "--data", tmp_path / "none").fails_with("no such file")
    helicon("eval", "gsm8k", "--data", tmp_path, "--mode", "dreaming").fails_with("contemplating")
    helicon("eval", "--compare", tmp_path / "a", tmp_path / "b").fails_with("cannot be read")
    assert helicon("eval").code == 2


def test_published_sets_are_read(helicon, tmp_path, results):
    """A line of each, in the form in which it is published."""
    lines = {
        "gsm8k": {"question": "He has 1 and gets 2. How many?", "answer": "1+2=3\n#### 1,003"},
        "humaneval": {"task_id": "HumanEval/0", "prompt": "def f():\n    \"\"\"Seven.\"\"\"\n",
                      "entry_point": "f", "test": "def check(f):\n    assert f() == 7\n"},
        "mmlu": {"question": "Which?", "choices": ["a", "b", "c", "d"], "answer": 1},
    }
    for task, line in lines.items():
        file = tmp_path / f"{task}.jsonl"
        file.write_text(json.dumps(line) + "\n")
        kept = tmp_path / f"{task}-results.jsonl"
        summary = json.loads(helicon("eval", task, "--data", file, "--model", "tiny", "--results",
                                     kept, "--max-tokens", 5, "--json").succeeds().out)
        assert summary["problems"] == 1 and summary["correct"] == 0, task


def test_votes_of_several_answers(evaluate, results):
    """Three tellings of the alphabet agree; the figures say how many were right alone."""
    summary = json.loads(evaluate("--samples", 3, "--json").succeeds().out)
    assert (summary["samples"], summary["correct"], summary["any_correct"]) == (3, 2, 2)
    assert summary["accuracy_of_one"] == pytest.approx(2 / 3)
    lines = [json.loads(line) for line in results.read_text().splitlines()[1:]]
    assert [line.get("correct_samples", 0) for line in lines] == [3, 3, 0]
    assert lines[0]["tokens"] == sum(sample["tokens"] for sample in lines[0]["samples"])
    assert "vote of 3 answers" in evaluate("--samples", 3).succeeds().out
    evaluate("--samples", 4).fails_with("samples is 3 there and 4 here")
    evaluate("--samples", 3, "--mode", "contemplating").fails_with("--agents")


def test_results_belong_to_their_problems(helicon, evaluate, tmp_path, results):
    """Another file's first problem is not this one's, though both are the first."""
    evaluate().succeeds()
    other = tmp_path / "others.jsonl"
    other.write_text(json.dumps({"question": "from a", "answer": "bcd"}) + "\n")
    evaluate(data=other).fails_with("is of another run: data is")
    kept = tmp_path / "others-results.jsonl"
    evaluate(data=other, kept=kept).succeeds()
    helicon("eval", "--compare", results, kept).fails_with("of different problems (data)")


def test_no_problem_in_common(helicon, evaluate, tmp_path, results):
    evaluate("--limit", 1).succeeds()
    kept = tmp_path / "rest.jsonl"
    evaluate("--first", 1, kept=kept).succeeds()
    helicon("eval", "--compare", results, kept).fails_with("no problem is in both")


def test_two_at_once_do_not_share_a_file(evaluate, results):
    evaluate("--limit", 1).succeeds()
    with results.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        evaluate().fails_with("another evaluation writes to it")
    evaluate().succeeds()


@pytest.mark.parametrize("lines,reason", [
    ([{"id": 7, "question": "a", "answer": "b"}, {"id": "7", "question": "c", "answer": "d"}],
     "line 2 has the id '7' of line 1"),
    ([{"id": [], "question": "a", "answer": "b"}], "neither a text nor a number"),
    ([{"question": "a", "answer": ""}], "empty"),
])
def test_ids_and_answers_that_cannot_be(evaluate, tmp_path, lines, reason):
    file = tmp_path / "bad.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    evaluate(data=file).fails_with(reason)


def test_a_folder_is_no_task(helicon, tmp_path):
    helicon("eval", tmp_path).fails_with("no task and no file")


@pytest.mark.parametrize("option", [("--temperature", 9), ("--max-tokens", 0), ("--samples", 1)])
def test_options_out_of_range_touch_no_file(evaluate, results, option):
    assert evaluate(*option).code == 2
    assert not results.exists()
