"""One SIM and its device: their state, and what changes it.

The processes in `processes` decide *when* something happens; the methods here are what happens then. Each begins by
letting running traffic move up to now (`settle`), for bytes up to an instant have moved before anything happens at it.
"""

from __future__ import annotations

from collections.abc import Callable

from fleetsim.counted import NO_LIMIT
from fleetsim.engines.reference.flows import Flow, Stream, Transfer
from fleetsim.engines.reference.records import Records
from fleetsim.engines.reference.row import Row
from fleetsim.engines.reference.world import Signal, World
from fleetsim.rules.dns import lookup_due, lookup_passes, tunnel_passes
from fleetsim.rules.enforcement import above_limit
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
    fleet_limit, cached_limit
        Bytes, or `NO_LIMIT`.
    """

    def __init__(
        self,
        env: World,
        number: int,
        platform: Platform,
        device: DeviceGroup,
        fleet_limit: int,
        cached_limit: int,
    ) -> None:
        self.env = env
        self.number = number
        self.platform = platform
        self.device = device
        self.fleet_limit = fleet_limit
        self.cached_limit = cached_limit

        self.row: Row
        self.rows: list[tuple[int, ...]] = []
        self.block_spans: list[tuple[int, int, int]] = []
        self.moved = 0  # bytes numbered so far in this period
        self.counted = 0  # those of them that count toward the limit
        self.records = Records(platform.record_interval_ms, platform.record_delay_ms)
        self.flows: list[Flow] = []
        self.settled_at = env.now

        self.blocked = False
        self.blocked_since = 0
        self.pending: object | None = None  # stands for the block that an evaluation has ordered
        self.last_lookup: int | None = None
        self.chain: object | None = None  # stands for the running chain of reconnect attempts
        self.session_open = False
        self.last_activity = 0

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
        # Set by the processes: start the block's countdown, the chain of attempts, what goes on after a block.
        self.order_block: Callable[[object], None]
        self.start_chain: Callable[[], None]
        self.resume_traffic: Callable[[], None]

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
        for flow in self.flows:
            upload, download = flow.advance(until)
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
        stream.suspended = self.blocked and not stream.passes
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
            self._fall_quiet(now)

    def goes_on(self) -> None:
        """Let suspended traffic go on after an unblock."""
        now = self.settle()
        if self.blocked:
            return
        for flow in self.flows:
            if flow.suspended:
                flow.suspended = False
                self.be_active(now)
        self.raise_doubt(now)

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

    def be_active(self, now: int) -> None:
        """Note activity, which opens a session where none is open."""
        self.last_activity = now
        if not self.session_open:
            self.session_open = True
            self.records.session_opens(now)
            self.session_opened.give()

    @property
    def running(self) -> bool:
        """Is traffic running, other than suspended?"""
        return any(not flow.suspended for flow in self.flows)

    def _fall_quiet(self, now: int) -> None:
        self.last_activity = now
        if not self.running:
            self.fell_quiet.give()

    # ---- enforcement ----------------------------------------------------------------------------------------------

    @property
    def in_doubt(self) -> bool:
        """Could an evaluation of what has moved, or is about to move in this period, order a block?"""
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

    def evaluate(self, recorded: int) -> None:
        """Judge the recorded usage against the cached limit."""
        if above_limit(recorded, self.cached_limit):
            if not self.blocked and self.pending is None:
                self.pending = ticket = object()
                self.order_block(ticket)
        else:
            self.lift_block()

    def refresh_limit(self) -> None:
        """Read the fleet's limit into the cache, and evaluate on what has been recorded so far."""
        now = self.settle()
        self.cached_limit = self.fleet_limit
        self.evaluate(self.records.recorded_until(now - 1))  # closes and evaluations due now come in later steps
        self.raise_doubt(now - 1)

    def block(self) -> None:
        """A block takes effect: cut transfers, suspend continuous traffic, start a chain of attempts."""
        now = self.settle()
        self.pending = None
        self.blocked = True
        self.blocked_since = now
        self.row.blocks += 1
        if self.row.blocks == 1:
            self.row.first_blocked_at = now
        stopped = [flow for flow in self.flows if not (flow.passes or flow.suspended)]
        for flow in stopped:
            if isinstance(flow, Stream):
                flow.suspended = True
            else:
                self.row.undelivered += flow.left(flow.ends)
                self.flows.remove(flow)
                flow.over = True
        if stopped:
            self._fall_quiet(now)
        self.start_chain()

    def lift_block(self) -> None:
        """Cancel a pending block; unblock a blocked SIM."""
        self.pending = None
        if self.blocked:
            self._count_blocked(self.settled_at)
            self.blocked = False
            if any(flow.suspended for flow in self.flows):
                self.resume_traffic()

    def _count_blocked(self, until: int) -> None:
        self.row.blocked_ms += until - self.blocked_since
        self.block_spans.append((self.number, self.blocked_since, until))

    # ---- billing periods --------------------------------------------------------------------------------------------

    def start_period(self, row: Row) -> None:
        """Usage restarts at zero, a block or a pending block is lifted."""
        self.row = row
        self.moved = self.counted = 0
        self.records.next_period()
        self.raise_doubt(row.start - 1)

    def end_period(self) -> None:
        """Close the running row."""
        self.settle()
        self.lift_block()
        self.rows.append(self.row.counted(self.number, self.fleet_limit))

    def end_of_horizon(self) -> None:
        """Close what is open at the horizon's end, up to which running traffic has moved."""
        self.settle()
        if self.blocked:
            self._count_blocked(self.settled_at)
        self.rows.append(self.row.counted(self.number, self.fleet_limit))
