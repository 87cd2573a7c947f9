"""What `wask-bench map`, `latency` and `chain` measure, of Dask: pip install distributed.

One scheduler and one worker process with two threads, over TCP, and tasks that do nothing.
"""

import statistics
import time

from distributed import Client, LocalCluster

TASKS, ROUND_TRIPS, LINKS = 5_000, 300, 1_000


def nop(x):
    return x


def main():
    cluster = LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=None)
    with cluster, Client(cluster) as client:
        client.submit(nop, -1).result()
        for _ in range(3):
            start = time.perf_counter()
            results = client.gather(client.map(nop, range(TASKS), pure=False))
            took = time.perf_counter() - start
            assert results == list(range(TASKS))
            print(f"map and gather: {TASKS / took:.0f} tasks/s")
        trips = []
        for number in range(ROUND_TRIPS):
            start = time.perf_counter()
            client.submit(nop, number, pure=False).result()
            trips.append(time.perf_counter() - start)
        print(f"submit to result: p50 {statistics.median(trips) * 1e6:.0f} us")
        for _ in range(3):
            start = time.perf_counter()
            last = client.submit(nop, 0, pure=False)
            for _ in range(LINKS):
                last = client.submit(nop, last, pure=False)
            last.result()
            print(f"chain: {LINKS / (time.perf_counter() - start):.0f} links/s")


if __name__ == "__main__":
    main()
