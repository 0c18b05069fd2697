"""`reliakit demo`, as a process without a terminal; each demo brings a real server and real clients."""

import shutil
import signal
import sys

import pytest

from tests.cli.demo_process import eventually, is_left, processes_of, running_demo
from tests.cli.running import on_terminal

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")

PROMISES = [
    "no request was lost",
    "the workers exported what the clients saw of them",
    "the store counted what the clients saw",
    "the edit was followed",
    "nobody lost new_checkout",
    "2.0 was caught and rolled back",
    "2.1 was promoted",
    "nobody flapped between the versions",
    "worker was killed",
    "the journal is whole",
    "behind the gateway 2.0 was caught and rolled back",
    "eu was lost: us served after",
]


def test_a_newcomer_sees_every_promise_kept_and_nothing_is_left_behind():
    with running_demo() as demo:
        port, file = demo.started()
        code = demo.finished()
    assert code == 0, "\n".join(demo.lines)
    demo.kept(PROMISES)
    assert len(demo.starting_with("version ")) == 3
    assert any("TARGETING_MATCH" in line for line in demo.starting_with("evaluations of fast_search"))
    assert any(line.startswith("  reliakit.request.duration{") and line.endswith(" s") for line in demo.lines)
    for told in (
        "2.0 Running at 20 %: against it E = ",
        "(release 1): rolled back",
        "advanced to 50 %",
        "kill -9",
    ):
        assert any(told in line for line in demo.lines), told
    assert not is_left(port, file.parent)


def test_a_person_at_a_terminal_watches_a_table_and_reads_how_it_ended():
    code, shown = on_terminal("demo", "--seconds", "6")
    assert code == 0, shown[-3000:]
    for text in ("edit it and save: ", "versions, as the clients see them", "new_checkout, SPLIT"):
        assert shown.count(text) > 5, "the table is redrawn as one watches"
    assert "kept: no request was lost" in shown
    assert "open: 2.1 was not promoted" in shown


def test_a_person_who_edits_the_file_sees_it_followed_and_a_mistake_explained():
    with running_demo("--seconds", "6") as demo:
        _, file = demo.started()
        text = file.read_text("utf-8")
        file.write_text(text.replace("percentage: 10", "percentage: 110"), "utf-8")
        assert "expected a percentage from 0 to 100, got 110" in demo.wait_for(
            "flags.new_checkout.percentage"
        )
        file.write_text(text.replace("percentage: 10", "percentage: 100"), "utf-8")
        code = demo.finished()
    assert code == 0, demo.starting_with("BROKEN")
    assert demo.starting_with("flag new_checkout") == ["flag new_checkout = on: 300 users, 100.0 %"]
    assert any("edited by hand" in line for line in demo.starting_with("open: "))
    assert not any("the demo edited the file" in line for line in demo.lines)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_interrupted_takes_its_server_and_files_with_it(number):
    with running_demo() as demo:
        port, file = demo.started()
        demo.process.send_signal(number)
        assert demo.finished() == 130
        assert not is_left(port, file.parent)


def test_a_demo_that_is_killed_leaves_no_server_running():
    with running_demo() as demo:
        _, file = demo.started()
        demo.process.kill()
        demo.finished()
        try:
            assert eventually(lambda: not processes_of(file.parent))
        finally:
            shutil.rmtree(file.parent)
