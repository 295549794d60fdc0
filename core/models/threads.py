"""How many CPU threads a U-Net call gets: all cores while they are free, one when they are not.

OpenMP's threads wait for one another many hundred times a call, spinning. As long as every thread
has a core that is the fastest way; when another program (or a page of this one) takes a core, each
wait lasts as long as the other program pleases: on two cores, calls were seen to take 4 to 30 times
as long as with one thread alone. So both ways are measured, and the faster one is used. Small calls
try them first: a large one that is tried the wrong way holds everybody up for seconds.
"""

# Calls until the other way is tried again; doubles while it loses.
FIRST_CHECK, LAST_CHECK = 16, 256


class ThreadChoice:
    """Chooses between all threads and one, by what calls really take."""

    def __init__(self, most: int) -> None:
        """Start with all threads.

        Args:
            most: threads there are; with 1 there is nothing to choose.
        """
        self._most = most
        self._seconds: dict[tuple[int, int], float] = {}  # (size, threads) -> of newest calls
        self._since: dict[int, int] = {}  # size -> calls since the other way was tried
        self._check: dict[int, int] = {}  # size -> after how many calls to try it again

    def choose(self, rows: int) -> int:
        """Return how many threads the next call should have.

        Args:
            rows: of the call; times are compared between calls of about the same size.
        """
        if self._most <= 1:
            return 1
        size = rows.bit_length()
        told = self._told_by_smaller(size)
        if told is None:
            for threads in (self._most, 1):
                if (size, threads) not in self._seconds:
                    return threads
        elif not {(size, 1), (size, self._most)} & self._seconds.keys():
            return told
        now = self._faster(size)
        self._since[size] = self._since.get(size, 0) + 1
        due = self._since[size] >= self._check.get(size, FIRST_CHECK)
        return self._most + 1 - now if due and told != now else now  # the other of 1 and most

    def _told_by_smaller(self, size: int) -> int | None:
        """Return what is faster at the next smaller size where both were tried; None if nowhere."""
        for smaller in range(size - 1, 0, -1):
            if {(smaller, 1), (smaller, self._most)} <= self._seconds.keys():
                return self._faster(smaller)
        return None

    def took(self, rows: int, threads: int, seconds: float) -> None:
        """Take note of how long a call took.

        Args:
            rows: of the call.
            threads: as ``choose`` told.
            seconds: wall time.
        """
        if self._most <= 1:
            return
        size = rows.bit_length()
        before = self._seconds.get((size, threads))
        checking = before is None or threads != self._faster(size)
        # In use: half the newest, so that one hiccup does not turn it around.
        self._seconds[size, threads] = seconds if checking else (before + seconds) / 2  # type: ignore[operator]  # None is checking
        if checking:
            self._since[size] = 0
            won = threads == self._faster(size)
            wait = self._check.get(size, FIRST_CHECK)
            self._check[size] = FIRST_CHECK if won else min(2 * wait, LAST_CHECK)

    def _faster(self, size: int) -> int:
        one, most = (self._seconds.get((size, n), float("inf")) for n in (1, self._most))
        return 1 if one < most else self._most
