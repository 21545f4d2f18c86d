"""One SIM and its device: their state, the bytes that they move, and their traffic.

The processes in `processes` decide *when* something happens; the methods here, and the functions of `enforcement` and
`lifecycle`, are what happens then. Each begins by letting running traffic move up to now (`settle`), for bytes up to an
instant have moved before anything happens at it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from fleetsim.counted import EVENT_CAUSES, EVENTS, NO_LIMIT
from fleetsim.engines.reference.flows import Flow, Stream, Transfer
from fleetsim.engines.reference.ready import Ready
from fleetsim.engines.reference.records import Log, Records
from fleetsim.engines.reference.row import Row
from fleetsim.engines.reference.world import Signal, World
from fleetsim.rules.dns import lookup_due, lookup_passes, tunnel_passes
from fleetsim.scenario.schema import DeviceGroup, Platform


class Sim:
    """One SIM in its own environment.

    Parameters
    ----------
    env
        The SIM's environment; its time is ms since the scenario's start.
    number
        The SIM's number in the scenario's order.
    platform, device
        How the provider meters and stops a SIM; how the device behaves.
    fleet, limit
        Number of the fleet that it is in, and the limit that this fleet and its own cache have: bytes, or `NO_LIMIT`.
    log
        Keeps usage records, and has events kept.
    """

    def __init__(
        self,
        env: World,
        number: int,
        platform: Platform,
        device: DeviceGroup,
        fleet: int,
        limit: int,
        log: Log | None = None,
    ) -> None:
        self.env = env
        self.number = number
        self.platform = platform
        self.device = device
        self.fleet = fleet
        self.fleet_limit = self.cached_limit = limit

        self.status: Literal["active", "ready", "inactive"] = "active"
        self.active_since = env.now
        self.ready: Ready | None = None

        self.row: Row
        self.in_period = False  # a SIM that is made inactive has no further period
        self.rows: list[tuple[int, ...]] = []
        self.moved = 0  # bytes numbered so far in this period
        self.counted = 0  # those of them that count toward the limit
        self.records = Records(platform.record_interval_ms, platform.record_delay_ms, log)
        self.flows: list[Flow] = []
        self.settled_at = env.now

        self.blocked = False
        self.blocked_since = 0
        self.block_spans: list[tuple[int, int, int, int]] = []
        self.pending: object | None = None  # stands for the block that an evaluation has ordered
        self.last_lookup: int | None = None
        self.chain: object | None = None  # stands for the running chain of reconnect attempts
        self.sessions = 0
        self.session: object | None = None  # stands for the open data session
        self.last_activity = 0
        self.events: list[tuple[int, ...]] = []

        self.dns = dns = device.dns
        self.dns_counts = platform.dns_counts
        self.lookups_pass = dns is not None and lookup_passes(platform.dns_when_blocked, dns.resolver)
        self.tunnels_pass = tunnel_passes(platform.dns_when_blocked)

        # What wakes a process that has nothing to do.
        self.doubt_raised = Signal(env)
        self.evidence = Signal(env)
        self.session_opened = Signal(env)
        self.fell_quiet = Signal(env)
        self.limit_set = Signal(env)
        # Set by the processes: what follows from what happens to the SIM.
        self.order_block: Callable[[object, str], None]
        self.start_chain: Callable[[], None]
        self.resume_traffic: Callable[[], None]
        self.watch_session: Callable[[object], None]

    # ---- bytes ----------------------------------------------------------------------------------------------------

    def settle(self) -> int:
        """Let running traffic move up to now, under the state that held until now; return now."""
        now = self.env.now
        if self.flows and self.settled_at < now:
            records = self.records
            records.close_until(self.settled_at)
            while records.next_close < now:  # a record holds the bytes of its own window
                self._advance_flows(records.next_close)
                records.close_until(records.next_close)
            self._advance_flows(now)
        self.settled_at = now
        return now

    def _advance_flows(self, until: int) -> None:
        if self.ready is not None:
            self.ready.watch(self.flows, until)
        for flow in self.flows:
            upload, download = flow.advance(until)
            if self.status == "inactive":
                continue  # what continuous traffic's clock counts meanwhile is not offered
            if isinstance(flow, Stream):
                self.row.offered += upload + download
            if flow.suspended:
                self.row.undelivered += upload + download
            elif upload or download:
                self._move(upload, download, dns=flow.dns)

    def _move(self, upload: int, download: int, *, dns: bool) -> None:
        """Number bytes that move, put those over the limit to their cause, and count them into the open record."""
        size = upload + download
        row = self.row
        row.upload += upload
        row.download += download
        if dns:
            row.dns += size
        if self.ready is not None:
            self.ready.count(size)
        if self.records.log is not None:
            self.records.log.count(upload, download, size if dns else 0)
        first = self.moved
        self.moved = last = first + size
        if last > self.fleet_limit:
            row.charge(
                first,
                last,
                self.fleet_limit,
                self.cached_limit,
                blocked=self.blocked,
                pending=self.pending is not None,
            )
        if not dns or self.dns_counts:
            self.counted += size
            self.records.open_bytes += size

    def move_now(self, now: int, upload: int, download: int, *, dns: bool = False) -> None:
        """Move bytes at this instant, in step 7: they are activity, and belong to the record that closes after it."""
        self.be_active(now)
        if self.records.next_close <= now:
            self.records.close_until(now)
        self._move(upload, download, dns=dns)
        if self.ready is not None:
            self.ready.watch_burst(now)
        if self.counted > self.cached_limit or self.flows:
            self.raise_doubt(now)

    # ---- traffic --------------------------------------------------------------------------------------------------

    def look_up(self, now: int) -> None:
        """Look a name up if it is due and if lookups pass now."""
        dns = self.dns
        if dns is None or not lookup_due(self.last_lookup, dns.cache_ttl_ms, now):
            return
        if self.blocked and not self.lookups_pass:
            return
        self.last_lookup = now
        self.move_now(now, dns.query_bytes, dns.response_bytes, dns=True)

    def offer(self, upload: int, download: int, duration_ms: int, *, dns: bool) -> Transfer | None:
        """Start a transfer; return it if it takes time and runs."""
        now = self.settle()
        if self.status == "inactive":
            return None
        self.row.offered += upload + download
        if not dns:
            self.look_up(now)
        passes = dns and self.tunnels_pass
        if self.blocked and not passes:
            self.row.undelivered += upload + download
            return None
        if not duration_ms:
            self.move_now(now, upload, download, dns=dns)
            return None
        self.be_active(now)
        transfer = Transfer(now, upload, download, duration_ms, dns=dns, passes=passes)
        self.flows.append(transfer)
        self.raise_doubt(now)
        return transfer

    def begin_stream(self, clock: int, until: int, upload_per_s: int, download_per_s: int, *, dns: bool) -> Stream:
        """Begin continuous traffic whose own clock started at `clock`."""
        now = self.settle()
        passes = dns and self.tunnels_pass
        stream = Stream(clock, now, until, upload_per_s, download_per_s, dns=dns, passes=passes)
        stream.suspended = self.stopped(stream)
        self.flows.append(stream)
        if not stream.suspended:
            self.be_active(now)
            self.raise_doubt(now)
        return stream

    def end_flow(self, flow: Flow) -> None:
        """Running traffic has come to its end, or was cut at this instant."""
        now = self.settle()
        self.flows.remove(flow)
        flow.over = True
        if not flow.suspended:
            self.fall_quiet(now)

    def goes_on(self) -> None:
        """Let suspended traffic go on after an unblock or a return."""
        now = self.settle()
        for flow in self.flows:
            if flow.suspended and not self.stopped(flow):
                flow.suspended = False
                self.be_active(now)
        self.raise_doubt(now)

    def stopped(self, flow: Flow) -> bool:
        """Does the SIM's state keep this traffic from moving?"""
        return self.status == "inactive" or (self.blocked and not flow.passes)

    def attempt(self) -> bool:
        """Attempt to reconnect; say whether the attempt has found the SIM unblocked."""
        now = self.settle()
        self.look_up(now)
        if self.blocked:
            return False
        assert self.device.when_blocked is not None
        hand = self.device.when_blocked.handshake
        if hand.upload_bytes or hand.download_bytes:
            self.move_now(now, hand.upload_bytes, hand.download_bytes)
        return True

    # ---- sessions -------------------------------------------------------------------------------------------------

    def be_active(self, now: int) -> None:
        """Note activity, which opens a session where none is open."""
        self.last_activity = now
        if self.session is None:
            self.open_session(now)
            self.watch_session(self.session)

    def open_session(self, now: int, first_close: int | None = None) -> None:
        """Open a data session; its records close on a grid from its start, or on one with `first_close` on it."""
        self.session = object()
        self.records.session_opens(now, self.sessions, first_close)
        self.sessions += 1
        self.session_opened.give()

    def end_session(self, now: int) -> None:
        """End the open data session."""
        self.session = None
        self.records.session_ends(now)
        self.evidence.give()

    @property
    def running(self) -> bool:
        """Is traffic running, other than suspended?"""
        return any(not flow.suspended for flow in self.flows)

    def fall_quiet(self, now: int) -> None:
        """Note that running traffic has ended, was cut or was suspended, which is activity until now."""
        self.last_activity = now
        if not self.running:
            self.fell_quiet.give()

    # ---- doubt ----------------------------------------------------------------------------------------------------

    @property
    def in_doubt(self) -> bool:
        """Could an evaluation of what has moved, or is about to move in this period, change anything?"""
        if not self.in_period:
            return False
        if not self.records.judged:
            return True
        if self.blocked or self.pending is not None or self.cached_limit == NO_LIMIT:
            return False
        coming = sum(flow.left(self.row.end) for flow in self.flows) if self.flows else 0
        return self.counted + coming > self.cached_limit

    def raise_doubt(self, past: int) -> None:
        """Wake recorder and enforcement if their records could decide something.

        Closes and evaluations up to and including `past` have come; they decided nothing, for there was no doubt.
        """
        if self.in_doubt:
            self.records.recorded_until(past)
            self.doubt_raised.give()
            self.evidence.give()

    # ---- events ---------------------------------------------------------------------------------------------------

    def note(self, event: Literal["block", "unblock", "limit"], cause: str) -> None:
        """Keep an event, where the user asked for them."""
        if self.records.log is not None:
            numbers = EVENTS.index(event), self.cached_limit, EVENT_CAUSES.index(cause)
            self.events.append((self.number, self.row.period, self.env.now, *numbers))
