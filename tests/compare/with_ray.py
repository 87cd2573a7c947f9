"""What `wask-bench map`, `latency` and `chain` measure, of Ray: pip install ray.

One node with two processors, and tasks that do nothing.
"""

import statistics
import time

import ray

TASKS, ROUND_TRIPS, LINKS = 5_000, 300, 1_000


@ray.remote
def nop(x):
    return x


def main():
    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR")
    ray.get(nop.remote(-1))
    for _ in range(3):
        start = time.perf_counter()
        results = ray.get([nop.remote(number) for number in range(TASKS)])
        took = time.perf_counter() - start
        assert results == list(range(TASKS))
        print(f"map and gather: {TASKS / took:.0f} tasks/s")
    trips = []
    for number in range(ROUND_TRIPS):
        start = time.perf_counter()
        ray.get(nop.remote(number))
        trips.append(time.perf_counter() - start)
    print(f"submit to result: p50 {statistics.median(trips) * 1e6:.0f} us")
    for _ in range(3):
        start = time.perf_counter()
        last = nop.remote(0)
        for _ in range(LINKS):
            last = nop.remote(last)
        ray.get(last)
        print(f"chain: {LINKS / (time.perf_counter() - start):.0f} links/s")


if __name__ == "__main__":
    main()
