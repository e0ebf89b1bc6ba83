"""Starting, pinning, measuring and ending the processes of a run. Ends only what it started, by process id."""

import os
import resource
import signal
import socket
import subprocess
import time


def _open_files():
    """The limit that every process of the run gets: enough for 10,000 streams through a proxy, where it may be raised."""
    wanted, hard = 65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, hard)))
        return wanted
    except (ValueError, PermissionError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return hard


# Inherited by every child.
OPEN_FILES = _open_files()
# A proxied connection takes two descriptors; listeners, logs and the poller take a few more.
MOST_CONNECTIONS = min(30000, (OPEN_FILES - 100) // 2)


def pinned_to(core):
    """For subprocess: what to do in the child before it becomes the program."""
    return lambda: os.sched_setaffinity(0, core)


class Process:
    """One started program, pinned to a set of cores."""

    def __init__(self, command, core, output, environment=None, stdin=subprocess.DEVNULL, stdout=None):
        self.log = output
        with open(output, "ab") as log:
            self.child = subprocess.Popen(command, stdin=stdin, stdout=stdout or log, stderr=log,
                                          preexec_fn=pinned_to(core), env={**os.environ, **(environment or {})})

    def ids(self):
        """The process and its descendants."""
        parents = {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    with open(f"/proc/{name}/stat") as stat:
                        parents[int(name)] = int(stat.read().rsplit(")", 1)[1].split()[1])
                except OSError:
                    pass
        found = [self.child.pid]
        for one in found:
            found.extend(child for child, parent in parents.items() if parent == one)
        return found

    def cpu_seconds(self):
        """User and system time of all its processes so far."""
        total = 0
        for one in self.ids():
            try:
                with open(f"/proc/{one}/stat") as stat:
                    total += sum(int(ticks) for ticks in stat.read().rsplit(")", 1)[1].split()[11:13])
            except OSError:
                pass
        return total / os.sysconf("SC_CLK_TCK")

    def pss_kib(self):
        """Proportional set size of all its processes."""
        total = 0
        for one in self.ids():
            try:
                with open(f"/proc/{one}/smaps_rollup") as rollup:
                    total += next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
            except (OSError, StopIteration):
                pass
        return total

    def running(self):
        return self.child.poll() is None

    def end(self, patience=5):
        if self.running():
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(patience)
            except subprocess.TimeoutExpired:
                self.child.kill()
        self.child.wait()

    def tail(self):
        with open(self.log, "rb") as log:
            return log.read()[-600:].decode(errors="replace").strip()


def wait_for_port(port, process, seconds=10):
    """Returns when something accepts on the port; raises when the process ends or time runs out."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not process.running():
            raise RuntimeError("ended at start: " + process.tail())
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"nothing listens on port {port}: " + process.tail())


def wait_until_traced(process_id, seconds=10):
    """Returns when a tracer is attached to the process."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with open(f"/proc/{process_id}/status") as status:
            if any(line.startswith("TracerPid:") and line.split()[1] != "0" for line in status):
                return
        time.sleep(0.02)
    raise RuntimeError("strace could not attach")


def free_ports(count):
    """Ports below the ephemeral range, so that outgoing connections cannot take them meanwhile."""
    found, port = [], 21000
    while len(found) < count:
        with socket.socket() as probe:
            # As the servers themselves do: closed connections of an earlier run do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                found.append(port)
            except OSError:
                pass
        port += 1
    return found


def busy_seconds():
    """CPU time that all programs of the machine have used so far."""
    with open("/proc/stat") as stat:
        user, nice, system, _idle, _wait, irq, softirq = (int(n) for n in stat.readline().split()[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
