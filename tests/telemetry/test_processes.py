"""What a process exports, whatever provider it has and however it came to be.

OpenTelemetry's provider can be set once a process, so each of these runs in one of its own.
"""

import json
import os
import subprocess
import sys

import pytest

from tests.telemetry import processes

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def run(scenario):
    command = [sys.executable, "-m", processes.__name__, scenario.__name__]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return json.loads(done.stdout)


def test_importing_reliakit_does_not_pay_for_opentelemetry():
    assert run(processes.imported) == ["reliakit"]


def test_without_a_provider_nothing_is_exported_loaded_or_said():
    assert run(processes.without_a_provider) == []


def test_a_provider_that_is_set_after_the_kit_gets_what_was_counted_before_it():
    assert run(processes.provider_after_the_kit) == 1


def test_a_provider_that_is_set_before_the_kit_gets_its_counts():
    assert run(processes.provider_before_the_kit) == 1


def test_a_broken_provider_is_said_once_and_harms_nobody():
    assert run(processes.broken_provider) == ["metrics are not exported from this process"]


def test_without_opentelemetry_the_kit_works_and_says_so_once():
    assert run(processes.no_opentelemetry) == ["metrics are not exported from this process"]


@needs_fork
def test_a_forked_worker_reports_its_own_requests_and_not_its_parents():
    assert run(processes.forked_cumulative) == [7, [[], [2], [3]], 8]


@needs_fork
def test_the_deltas_of_a_forked_worker_are_its_own_and_never_negative():
    assert run(processes.forked_delta) == [7, [[], [2], [1]], 1]


@needs_fork
def test_a_worker_forked_before_the_first_export_reports_its_own_requests():
    assert run(processes.forked_before_anything_was_collected) == [[], [2], [3]]


@needs_fork
def test_a_worker_that_sets_its_provider_after_the_fork_reports_its_own_requests():
    assert run(processes.forked_before_the_provider) == [[], [2], [3]]


@needs_fork
def test_a_worker_forked_during_an_export_does_not_hang():
    assert run(processes.forked_while_collecting) == "serves on"


def test_transitions_are_log_events_with_name_time_and_sentence():
    """Otherwise a backend of logs could not draw a rollback into the charts that it explains."""
    assert run(processes.events) == [
        ["reliakit.rollout.rolled_back", 1_800_000_000_500_000_000, "WARN", "9 of 412 failed", "green"],
        ["reliakit.rollout.promoted", 1_800_000_001_000_000_000, "INFO", "to 100 %", None],
    ]


def test_an_opentelemetry_whose_logs_look_otherwise_harms_nobody():
    """Otherwise an upgrade of OpenTelemetry would stop releases from being decided."""
    assert run(processes.events_without_an_api) == "goes on"
