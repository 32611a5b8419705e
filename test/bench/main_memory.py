"""Memory of a running PostgreSQL server: python3 main_memory.py POSTMASTER_PID

Adds up the memory of the postmaster and all its children twice a second until SIGTERM, and prints two peaks:
  memory peak      proportional set size: private memory plus shared memory counted once (used shared buffers, memory of
                   parallel queries)
  memory private   the private part: memory allocated by queries, without shared buffers and memory shared by parallel
                   queries
Reading another user's processes requires root.
"""
import os
import re
import signal
import sys
import time

FIELDS = re.compile(rb"^(Pss|Pss_Anon):\s+(\d+) kB", re.MULTILINE)


def server_processes(postmaster):
    pids = [postmaster]
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as stat:
                    # the command, in parentheses, may contain spaces
                    parent = int(stat.read().rpartition(b")")[2].split()[1])
            except OSError:
                continue
            if parent == postmaster:
                pids.append(int(name))
    return pids


def measure(postmaster):
    """Kilobytes: the proportional set size, and its part outside files and shared memory."""
    total = {b"Pss": 0, b"Pss_Anon": 0}
    for pid in server_processes(postmaster):
        try:
            with open(f"/proc/{pid}/smaps_rollup", "rb") as rollup:
                for field, kilobytes in FIELDS.findall(rollup.read()):
                    total[field] += int(kilobytes)
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended
    return total[b"Pss"], total[b"Pss_Anon"]


def main(postmaster):
    stopped = False

    def stop(*_):
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGTERM, stop)
    peaks = (0, 0)
    while not stopped:
        peaks = tuple(map(max, peaks, measure(postmaster)))
        time.sleep(0.5)
    print("memory peak", peaks[0] / 1024)
    print("memory private", peaks[1] / 1024)


main(int(sys.argv[1]))
