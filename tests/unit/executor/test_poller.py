"""The poller: all tasks of an endpoint in one question, and nobody left waiting whatever breaks."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import cast

import pytest

from reconciler.errors import ErrorCode, ProviderError
from reconciler.executor.access.poller import Poller
from reconciler.providers.driver import Driver, TaskState, TaskStatus

DONE, RUNNING = TaskStatus(TaskState.DONE), TaskStatus(TaskState.RUNNING)


class Provider:
    """A provider whose tasks end when a test says so, in the form of a driver's `poll`."""

    def __init__(self, **ended: TaskStatus) -> None:
        self.ended = dict(ended)
        self.questions: list[list[str]] = []
        self.error: Exception | None = None
        self.asked = threading.Condition()

    def poll(self, tasks: Sequence[str]) -> Mapping[str, TaskStatus]:
        with self.asked:
            self.questions.append(list(tasks))
            self.asked.notify_all()
            if self.error is not None:
                raise self.error
            return {task: self.ended.get(task, RUNNING) for task in tasks}

    def wait_for_question(self, tasks: list[str]) -> None:
        with self.asked:
            assert self.asked.wait_for(lambda: tasks in self.questions, timeout=10)

    def end(self, task: str) -> None:
        with self.asked:
            self.ended[task] = DONE


def poller(provider: Provider) -> Poller:
    made = Poller(lambda: cast(Driver, provider))
    made._FIRST, made._MOST = 0.01, 0.05
    return made


def test_nothing_to_wait_for_asks_nothing() -> None:
    provider = Provider()
    assert poller(provider).wait((), 10) == {}
    assert provider.questions == []


def test_the_end_of_each_task_comes_back_as_the_provider_says_it() -> None:
    failed = TaskStatus(TaskState.FAILED, "no space")
    gone = TaskStatus(TaskState.UNKNOWN)
    provider = Provider(a=DONE, b=failed, c=gone)
    assert poller(provider).wait(["a", "b", "c"], 10) == {"a": DONE, "b": failed, "c": gone}


def test_the_next_is_asked_for_sooner_where_the_first_answer_was_the_end_already() -> None:
    provider = Provider(a=DONE)
    made = Poller(lambda: cast(Driver, provider))
    made._FIRST = 0.04
    for _ in range(4):
        assert made.wait(["a"], 10) == {"a": DONE}
    assert provider.questions == [["a"]] * 4
    assert made._first == made._LEAST


def test_the_next_is_asked_for_later_where_the_task_still_ran() -> None:
    class Slow(Provider):
        def poll(self, tasks: Sequence[str]) -> Mapping[str, TaskStatus]:
            if len(self.questions) == 5:
                self.end("a")
            return super().poll(tasks)

    made = poller(Slow())
    assert made.wait(["a"], 10) == {"a": DONE}
    assert made._first is not None
    assert made._first > made._FIRST


def test_a_task_that_outlives_its_time_is_still_running_and_the_others_are_not_lost() -> None:
    provider = Provider(a=DONE)
    assert poller(provider).wait(["a", "b"], 0.05) == {"a": DONE, "b": RUNNING}


def test_all_who_wait_share_one_question() -> None:
    provider = Provider()
    shared = poller(provider)
    found: dict[str, Mapping[str, TaskStatus]] = {}
    threads = [
        threading.Thread(target=lambda t=task: found.update({t: shared.wait([t], 10)}))
        for task in ("a", "b", "c")
    ]
    for thread in threads:
        thread.start()
    provider.wait_for_question(["a", "b", "c"])
    for task in ("a", "b", "c"):
        provider.end(task)
    for thread in threads:
        thread.join()
    assert found == {task: {task: DONE} for task in ("a", "b", "c")}


def test_a_provider_that_cannot_be_asked_for_a_while_changes_nothing() -> None:
    provider = Provider(a=DONE)
    provider.error = ProviderError("busy", code=ErrorCode.UNAVAILABLE, transient=True)
    shared = poller(provider)
    found: list[Mapping[str, TaskStatus]] = []
    thread = threading.Thread(target=lambda: found.append(shared.wait(["a"], 10)))
    thread.start()
    provider.wait_for_question(["a"])
    provider.error = None
    thread.join()
    assert found == [{"a": DONE}]


def test_an_endpoint_that_cannot_be_reached_at_all_ends_the_waiting_in_time() -> None:
    def connect() -> Driver:
        raise ProviderError("the secret is gone", code=ErrorCode.UNAUTHORIZED)

    assert Poller(connect).wait(["a"], 0.05) == {"a": RUNNING}


def test_a_fault_of_ours_is_told_leaves_nobody_waiting_and_the_next_is_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda _: told.set())
    provider = Provider(a=DONE)
    provider.error = RuntimeError("a bug")
    shared = poller(provider)
    assert shared.wait(["a"], 30) == {"a": RUNNING}
    assert told.wait(10)
    provider.error = None
    assert shared.wait(["a"], 30) == {"a": DONE}


def test_a_poller_that_has_gone_idle_starts_again() -> None:
    provider = Provider(a=DONE, b=DONE)
    shared = poller(provider)
    for task in ("a", "b", "a"):
        assert shared.wait([task], 10) == {task: DONE}


def test_a_stop_ends_the_waiting_and_what_still_runs_comes_back_as_running() -> None:
    provider, stop = Provider(b=DONE), threading.Event()
    made = poller(provider)
    found: list[Mapping[str, TaskStatus]] = []
    waiting = threading.Thread(target=lambda: found.append(made.wait(["a", "b"], 1e6, stop)), daemon=True)
    waiting.start()
    provider.wait_for_question(["a"])
    stop.set()
    waiting.join(60)
    assert found == [{"a": RUNNING, "b": DONE}]
    made.wait(["b"], 10)
    assert provider.questions[-1] == ["b"], "what nobody waits for is not asked for"


def test_what_ends_in_the_grace_after_a_stop_is_still_seen() -> None:
    provider, stop = Provider(), threading.Event()
    made = poller(provider)
    found: list[Mapping[str, TaskStatus]] = []
    waiting = threading.Thread(target=lambda: found.append(made.wait(["a"], 1e6, stop, 1e6)), daemon=True)
    waiting.start()
    provider.wait_for_question(["a"])
    stop.set()
    provider.end("a")
    waiting.join(60)
    assert found == [{"a": DONE}]


def test_whoever_waits_can_be_released() -> None:
    provider = Provider()
    made = poller(provider)
    found: list[Mapping[str, TaskStatus]] = []
    waiting = threading.Thread(target=lambda: found.append(made.wait(["a"], 1e6)), daemon=True)
    waiting.start()
    provider.wait_for_question(["a"])
    made.release()
    waiting.join(60)
    assert found == [{"a": RUNNING}]


class Clock:
    """A monotonic clock that every question moves on by some seconds."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def test_a_provider_that_is_gone_is_not_waited_for_until_the_calls_own_bound() -> None:
    provider = Provider()
    provider.error = ProviderError("no route to host", code=ErrorCode.UNAVAILABLE, transient=True)
    made = Poller(lambda: cast(Driver, provider), Clock(10))
    made._FIRST, made._MOST = 0.0, 0.0
    status = made.wait(["a"], 1e6)["a"]
    assert status.state is TaskState.RUNNING
    assert "no route to host" in status.message
    assert len(provider.questions) == 12, "two minutes, by a clock that moves ten seconds a question"


@pytest.mark.parametrize("unseen", [None, TaskStatus(TaskState.RUNNING, "its node is offline")])
def test_a_task_that_cannot_be_seen_is_given_up_alone(unseen: TaskStatus | None) -> None:
    class Partly(Provider):
        def poll(self, tasks: Sequence[str]) -> Mapping[str, TaskStatus]:
            found = super().poll(tasks)
            if len(self.questions) == 40:
                self.end("b")
            if unseen is not None:
                return {**found, "a": unseen}
            return {task: status for task, status in found.items() if task != "a"}

    provider = Partly()
    made = Poller(lambda: cast(Driver, provider), Clock(10))
    made._FIRST, made._MOST = 0.0, 0.0
    found = made.wait(["a", "b"], 1e6)
    assert "nothing could be learned of it" in found["a"].message
    assert found["b"] == DONE


def test_a_provider_that_comes_back_in_time_is_waited_for_as_ever() -> None:
    class Flickering(Provider):
        def poll(self, tasks: Sequence[str]) -> Mapping[str, TaskStatus]:
            found = super().poll(tasks)
            if len(self.questions) == 60:
                self.end("a")
            return found if len(self.questions) % 10 == 0 else {}

    provider = Flickering()
    made = Poller(lambda: cast(Driver, provider), Clock(10))
    made._FIRST, made._MOST = 0.0, 0.0
    assert made.wait(["a"], 1e6) == {"a": DONE}


def test_that_a_task_is_not_known_is_believed_only_when_it_was_said_three_times_in_a_row() -> None:
    class Forgetful(Provider):
        """Says twice that it does not know the task, then that it runs, then twice again, then its end."""

        def poll(self, tasks: Sequence[str]) -> Mapping[str, TaskStatus]:
            self.questions.append(list(tasks))
            said = [unknown, unknown, RUNNING, unknown, unknown, DONE]
            return dict.fromkeys(tasks, said[len(self.questions) - 1])

    unknown = TaskStatus(TaskState.UNKNOWN)
    provider = Forgetful()
    assert poller(provider).wait(["a"], 10) == {"a": DONE}
    assert len(provider.questions) == 6
