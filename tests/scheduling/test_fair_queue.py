"""Start-time fair queueing: shares by weight, whatever the number of items; nothing is gained by waiting or leaving."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.scheduling.admission.fair_queue import MAX_SERVED_CLIENTS, FairQueue


def served(queue: FairQueue[str], count: int) -> str:
    return "".join(queue.serve() for _ in range(count))


def queue_of(*clients: tuple[str, int, float, float]) -> FairQueue[str]:
    """Of clients with a number of items, the cost of each, and a weight."""
    queue: FairQueue[str] = FairQueue()
    for name, count, cost, weight in clients:
        for _ in range(count):
            queue.push(name, name, cost, weight)
    return queue


def test_one_client_is_served_in_the_order_of_arrival() -> None:
    queue: FairQueue[int] = FairQueue()
    for number in range(5):
        queue.push("a", number, 1.0)
    assert [queue.serve() for _ in range(5)] == [0, 1, 2, 3, 4]


def test_a_client_with_one_item_goes_before_the_rest_of_a_hundred() -> None:
    queue = queue_of(("a", 100, 10.0, 1.0))
    assert served(queue, 30) == "a" * 30
    queue.push("b", "b", 10.0)
    assert served(queue, 2) == "ba"


def test_clients_share_by_cost_and_not_by_number() -> None:
    assert Counter(served(queue_of(("a", 90, 1.0, 1.0), ("b", 90, 3.0, 1.0)), 40)) == {"a": 30, "b": 10}


def test_a_client_of_twice_the_weight_gets_twice_as_much() -> None:
    assert Counter(served(queue_of(("a", 90, 1.0, 2.0), ("b", 90, 1.0, 1.0)), 30)) == {"a": 20, "b": 10}


def test_a_client_that_comes_back_has_saved_nothing() -> None:
    queue = queue_of(("a", 40, 1.0, 1.0), ("b", 1, 1.0, 1.0))
    served(queue, 21)
    for _ in range(20):
        queue.push("b", "b", 1.0)
    assert Counter(served(queue, 20)) == {"a": 10, "b": 10}


def test_what_leaves_costs_its_client_nothing() -> None:
    queue: FairQueue[object] = FairQueue()
    leaving = [object() for _ in range(50)]
    for item in leaving:
        queue.push("a", item, 100.0)
    for item in leaving:
        queue.remove(item)
    assert len(queue) == 0
    queue.push("b", "b", 1.0)
    queue.push("a", "a", 1.0)
    assert [queue.serve(), queue.serve()] == ["b", "a"]


def test_an_empty_queue_has_no_first_item() -> None:
    queue = queue_of()
    assert queue.first() is None
    with pytest.raises(IndexError):
        queue.serve()


def test_clients_that_come_once_are_forgotten_and_those_with_many_items_are_not() -> None:
    queue: FairQueue[int] = FairQueue()
    for number in range(10 * MAX_SERVED_CLIENTS):
        queue.push(number, number, 1.0)
        assert queue.serve() == number
        if number % 100 == 0:
            for _ in range(3):
                queue.push("greedy", -1, 100.0)
                queue.serve()
    assert len(queue._flows) <= MAX_SERVED_CLIENTS + 1
    queue.push("greedy", -1, 1.0)
    queue.push("new", -2, 1.0)
    assert queue.serve() == -2


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0.5, 20), st.integers(0, 2)), min_size=1, max_size=40))
def test_the_last_item_is_the_one_that_is_served_after_all_others(pushed: list[tuple[str, float, int]]) -> None:
    queue: FairQueue[int] = FairQueue()
    for number, (name, cost, served) in enumerate(pushed):
        queue.push(name, number, cost)
        for _ in range(min(served, len(queue) - 1)):
            queue.serve()
    last = queue.last()
    assert [queue.serve() for _ in range(len(queue))][-1] == last
    assert queue.last() is None


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.5, 20), st.sampled_from([0.5, 1.0, 3.0])), max_size=60))
def test_while_clients_wait_their_shares_differ_by_an_item_of_each_at_most(
    pushed: list[tuple[str, float, float]],
) -> None:
    """The bound of the paper: service / weight of two backlogged flows differs by the largest costs / weights."""
    weights = {name: weight for name, _, weight in pushed}
    queue: FairQueue[tuple[str, float]] = FairQueue()
    left = Counter()
    for name, cost, _ in pushed:
        queue.push(name, (name, cost), cost, weights[name])
        left[name] += 1
    largest = {name: max(cost for other, cost, _ in pushed if other == name) / weights[name] for name in weights}
    got = dict.fromkeys(weights, 0.0)
    while all(left[name] for name in weights) and len(queue):
        name, cost = queue.serve()
        left[name] -= 1
        got[name] += cost / weights[name]
        for one in weights:
            for other in weights:
                assert abs(got[one] - got[other]) <= largest[one] + largest[other] + 1e-9
