"""Traffic that takes time: transfers with a duration, and continuous traffic."""

from __future__ import annotations

from fleetsim.rules.metering import flowed, transferred


class Flow:
    """What is running on a SIM, by a clock that started at `began`, until `ends`, and how far it has got.

    ``upload`` and ``download`` hold the bytes accounted for so far (moved or, while suspended, undelivered).
    """

    __slots__ = ("began", "dns", "download", "ends", "over", "passes", "suspended", "upload")

    def __init__(self, began: int, ends: int, *, dns: bool, passes: bool) -> None:
        self.began = began
        self.ends = ends
        self.dns = dns
        self.passes = passes  # a block does not stop it
        self.suspended = False
        self.over = False
        self.upload = 0
        self.download = 0

    def offered_until(self, now: int) -> tuple[int, int]:
        """Upload and download bytes from its start to `now`, were it never stopped."""
        raise NotImplementedError

    def advance(self, now: int) -> tuple[int, int]:
        """Go on to `now`: the upload and download bytes since it was last asked."""
        upload, download = self.offered_until(min(now, self.ends))
        step = upload - self.upload, download - self.download
        self.upload, self.download = upload, download
        return step

    def left(self, until: int) -> int:
        """Bytes that it can still move up to `until`."""
        upload, download = self.offered_until(min(until, self.ends))
        return upload + download - self.upload - self.download


class Transfer(Flow):
    """A transfer that takes a while; a block cuts it."""

    __slots__ = ("download_bytes", "duration_ms", "upload_bytes")

    def __init__(self, began: int, upload: int, download: int, duration_ms: int, *, dns: bool, passes: bool):
        super().__init__(began, began + duration_ms, dns=dns, passes=passes)
        self.upload_bytes = upload
        self.download_bytes = download
        self.duration_ms = duration_ms

    def offered_until(self, now: int) -> tuple[int, int]:
        return (
            transferred(self.upload_bytes, self.began, self.duration_ms, now),
            transferred(self.download_bytes, self.began, self.duration_ms, now),
        )


class Stream(Flow):
    """Continuous traffic; a block suspends it, and it goes on by its own clock afterwards."""

    __slots__ = ("download_bytes_per_s", "upload_bytes_per_s")

    def __init__(self, began: int, now: int, ends: int, upload: int, download: int, *, dns: bool, passes: bool) -> None:
        super().__init__(began, ends, dns=dns, passes=passes)
        self.upload_bytes_per_s = upload
        self.download_bytes_per_s = download
        self.advance(now)  # what its clock has counted before the SIM was there is not offered

    def offered_until(self, now: int) -> tuple[int, int]:
        return (
            flowed(self.upload_bytes_per_s, self.began, now),
            flowed(self.download_bytes_per_s, self.began, now),
        )
