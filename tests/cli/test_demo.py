"""`reliakit demo`, as a process without a terminal; each demo brings a real server and real clients."""

import json
import os
import shutil
import signal
import sys
from urllib.request import urlopen

import pytest

from tests.cli.demo_process import eventually, is_left, processes_of, running_demo
from tests.cli.running import on_terminal

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")


def test_a_newcomer_sees_every_promise_kept_and_nothing_is_left_behind():
    with running_demo(6) as demo:
        port, file = demo.started()
        demo.wait_for("the demo edited the file")
        code = demo.finished()
    assert code == 0, demo.starting_with("BROKEN")
    assert [line.split(":")[1].strip() for line in demo.starting_with("kept: ")] == [
        "no request was lost",
        "the workers exported what the clients saw",
        "the edit was followed",
        "nobody flapped between the slots",
        "nobody lost new_checkout",
    ]
    assert not demo.starting_with("BROKEN")
    assert len(demo.starting_with("slot ")) == 2
    assert any("TARGETING_MATCH" in line for line in demo.starting_with("evaluations of fast_search"))
    assert len(demo.starting_with("worker ")) == 2
    assert any(line.startswith("  reliakit.request.duration{") and line.endswith(" s") for line in demo.lines)
    assert not is_left(port, file.parent)


def test_a_person_at_a_terminal_watches_a_table_and_reads_how_it_ended():
    code, shown = on_terminal("demo", "--seconds", "5")
    assert code == 0, shown[-3000:]
    for text in ("edit it and save: ", "slots, as the clients see them", "new_checkout, SPLIT"):
        assert shown.count(text) > 5, "the table is redrawn as one watches"
    assert "kept: no request was lost" in shown


def test_a_person_who_edits_the_file_sees_it_followed_and_a_mistake_explained():
    with running_demo(6) as demo:
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
    assert demo.starting_with("open: ")
    assert not any("the demo edited the file" in line for line in demo.lines)


def test_a_demo_whose_worker_died_does_not_say_that_all_was_well():
    with running_demo(6) as demo:
        port, file = demo.started()
        demo.wait_for("the demo edited the file")
        with urlopen(f"http://127.0.0.1:{port}/status", timeout=5) as answer:
            os.kill(json.load(answer)["worker"], signal.SIGKILL)
        code = demo.finished()
    assert code == 1
    assert any("the workers exported what the clients saw" in line for line in demo.starting_with("BROKEN"))
    assert not is_left(port, file.parent)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_interrupted_takes_its_server_and_files_with_it(number):
    with running_demo(30) as demo:
        port, file = demo.started()
        demo.process.send_signal(number)
        assert demo.finished() == 130
        assert not is_left(port, file.parent)


def test_a_demo_that_is_killed_leaves_no_server_running():
    with running_demo(30) as demo:
        _, file = demo.started()
        demo.process.kill()
        demo.finished()
        try:
            assert eventually(lambda: not processes_of(file.parent))
        finally:
            shutil.rmtree(file.parent)
