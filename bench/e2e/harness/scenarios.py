"""What is measured. A scenario is data: how the client behaves, and which numbers of the run matter."""

from dataclasses import dataclass

from .processes import MOST_CONNECTIONS


@dataclass(frozen=True)
class Metric:
    """One row of the table. `must` is the largest allowed ratio of weir to the best of the peers."""
    title: str
    read: str            # name of a function in measure.METRICS
    must: float = None
    more_is_better: bool = False
    digits: int = 1
    compared: bool = True


CPU_REQUEST = Metric("CPU µs per request", "cpu_per_request", 1.0)
CPU_EVENT = Metric("CPU µs per event", "cpu_per_event", 1.0)
REQUESTS = Metric("requests per second", "requests_per_second", 1.0, more_is_better=True, digits=0)
EVENTS = Metric("events per second", "events_per_second", 1.0, more_is_better=True, digits=0)
BUSY = Metric("proxy's core busy, %", "busy_percent", digits=0, compared=False)
EVENT_P99 = Metric("event delay p99, µs", "event_p99", 1.0, digits=0)
EVENT_P50 = Metric("event delay p50, µs", "event_p50", digits=0)


@dataclass(frozen=True)
class Scenario:
    name: str
    about: str
    load: tuple
    metrics: tuple
    client_tls: bool = False
    upstream_tls: bool = False
    kind: str = "load"           # load, held, calls, allocations
    proxies: tuple = None        # None: all but weir-2w
    direct: bool = False         # also without a proxy, to tell what is added
    seconds: float = 1.0         # of the window, as a multiple of --seconds
    warmup: float = 1.0
    dialect: str = "openai"      # that the provider speaks


def _unary(connections, body):
    return ("--mode", "closed", "--connections", str(connections), "--body", str(body))


def _events(connections, model, ramp=0.0):
    return ("--mode", "closed", "--connections", str(connections), "--stream", "--model", model, "--ramp", str(ramp))


def _held(count):
    return ("--mode", "held", "--connections", str(count), "--stream", "--model", "bench-held",
            "--ramp", str(count / 2000), "--seconds", "30")


# Translated answers are checked by their texts: their bytes are weir's own. The rows without a translation are checked alike, so that the client costs the same.
def _messages(load):
    return (*load, "--path", "/v1/messages", "--texts")


def _chat(load):
    return (*load, "--texts")


# Where the limit of open files cannot be raised, the largest scenario is what fits.
MANY = min(10000, MOST_CONNECTIONS - 150)  # weir keeps up to 256 descriptors from connections

SATURATED = (CPU_REQUEST, REQUESTS, BUSY)
BACK_TO_BACK = (CPU_EVENT, EVENTS, EVENT_P50, EVENT_P99, BUSY)
TRANSLATED_UNARY = (CPU_REQUEST, REQUESTS, BUSY)
TRANSLATED_EVENTS = (CPU_EVENT, EVENTS, BUSY)
WEIRS = ("weir", "weir-bare")
HANDSHAKE = (Metric("CPU µs per handshake and request", "cpu_per_request", 1.0),
             Metric("handshakes per second", "requests_per_second", 1.0, more_is_better=True, digits=0))
HELD = (Metric("memory per held stream, KiB (PSS)", "kib_per_stream"),
        Metric("memory at start, MiB (PSS)", "start_mib"))

SCENARIOS = (
    Scenario("unary-1k", "64 kept-alive connections, 1 KB bodies, saturated", _unary(64, 1024), SATURATED),
    Scenario("unary-64k", "16 connections, 64 KB bodies, saturated", _unary(16, 65536), SATURATED),
    Scenario("unary-1m", "8 connections, 1 MB bodies, saturated", _unary(8, 1048576), SATURATED),
    Scenario("paced-500", "500 requests per second, 1 KB bodies", ("--mode", "paced", "--rate", "500", "--connections", "64"),
             (Metric("added p50, µs", "added_p50", 1.0, digits=0), Metric("added p99, µs", "added_p99", 1.2, digits=0),
              CPU_REQUEST), direct=True),
    Scenario("events-64", "64 streams × 200 events back to back", _events(64, "bench-200x0ms"), BACK_TO_BACK),
    Scenario("events-500", "500 streams × 100 events, one every 20 ms", _events(500, "bench-100x20ms", 2.0),
             (CPU_EVENT, Metric("added event delay p50, µs", "added_event_p50", 1.0, digits=0),
              Metric("added event delay p99, µs", "added_event_p99", 1.0, digits=0), BUSY), direct=True, seconds=1.5),
    Scenario("held-2000", "2,000 streams after their first event", _held(2000), HELD, kind="held"),
    Scenario(f"held-{MANY}", f"{MANY:,} streams after their first event", _held(MANY), HELD, kind="held"),
    Scenario("held-tls-2000", "2,000 streams, TLS on the client's side", _held(2000), HELD, kind="held", client_tls=True),
    Scenario("tls-unary-1k", "as unary-1k, TLS on the client's side", _unary(64, 1024), SATURATED, client_tls=True),
    Scenario("tls-events-64", "as events-64, TLS on the client's side", _events(64, "bench-200x0ms"), BACK_TO_BACK,
             client_tls=True),
    Scenario("tls-resumed", "a resumed TLS 1.3 handshake per request",
             ("--mode", "reconnect", "--resume", "--connections", "8"), HANDSHAKE, client_tls=True),
    Scenario("tls-full", "a full TLS 1.3 handshake (ECDSA P-256) per request",
             ("--mode", "reconnect", "--connections", "8"), HANDSHAKE, client_tls=True),
    Scenario("upstream-tls-unary-1k", "as unary-1k, TLS to the provider", _unary(64, 1024), SATURATED, upstream_tls=True),
    Scenario("upstream-tls-events-64", "as events-64, TLS to the provider", _events(64, "bench-200x0ms"), BACK_TO_BACK,
             upstream_tls=True),
    Scenario("both-tls-unary-1k", "as unary-1k, TLS on both sides", _unary(64, 1024), SATURATED, client_tls=True,
             upstream_tls=True),
    Scenario("both-tls-events-64", "as events-64, TLS on both sides", _events(64, "bench-200x0ms"), BACK_TO_BACK,
             client_tls=True, upstream_tls=True),
    # Only weir translates: what it costs is the difference to the row that is not translated, in the same run.
    Scenario("unary-4k", "16 connections, 4 KB chat requests, not translated", _chat(_unary(16, 4096)), TRANSLATED_UNARY, proxies=WEIRS),
    Scenario("translated-unary-4k", "the same, of a provider that speaks messages", _chat(_unary(16, 4096)), TRANSLATED_UNARY,
             proxies=WEIRS, dialect="anthropic"),
    Scenario("messages-unary-4k", "16 connections, 4 KB messages requests, not translated", _messages(_unary(16, 4096)), TRANSLATED_UNARY,
             proxies=WEIRS, dialect="anthropic"),
    Scenario("translated-messages-unary-4k", "the same, of a provider that speaks chat", _messages(_unary(16, 4096)), TRANSLATED_UNARY,
             proxies=WEIRS),
    Scenario("chat-events-64", "64 streams × 200 events back to back, not translated", _chat(_events(64, "bench-200x0ms")),
             TRANSLATED_EVENTS, proxies=WEIRS),
    Scenario("translated-events-64", "the same, of a provider that speaks messages", _chat(_events(64, "bench-200x0ms")),
             TRANSLATED_EVENTS, proxies=WEIRS, dialect="anthropic"),
    Scenario("messages-events-64", "64 streams of messages × 200 events, not translated", _messages(_events(64, "bench-200x0ms")),
             TRANSLATED_EVENTS, proxies=WEIRS, dialect="anthropic"),
    Scenario("translated-messages-events-64", "the same, of a provider that speaks chat", _messages(_events(64, "bench-200x0ms")),
             TRANSLATED_EVENTS, proxies=WEIRS),
    Scenario("two-workers", "as unary-1k, one worker beside two", _unary(64, 1024), (CPU_REQUEST,),
             proxies=("weir", "weir-2w")),
    Scenario("calls-unary", "system calls, 8 connections, 1 KB bodies (strace)", _unary(8, 1024),
             (Metric("system calls per request", "calls_per_request", digits=2),), kind="calls"),
    Scenario("calls-events", "system calls, 25 streams × 400 events, one every 10 ms (strace)",
             _events(25, "bench-400x10ms", 0.1), (Metric("system calls per event", "calls_per_event", digits=2),),
             kind="calls"),
    Scenario("allocations-unary", "calls of malloc, 8 connections, 1 KB bodies", _unary(8, 1024),
             (Metric("allocations per request", "allocations_per_request", digits=2),), kind="allocations"),
    Scenario("allocations-events", "calls of malloc, 8 streams × 2,000 events back to back", _events(8, "bench-2000x0ms"),
             (Metric("allocations per event", "allocations_per_event", digits=3),), kind="allocations"),
)
