"""Which trades are new, from docs/candles.md, "Which trades count", rules 3 and 4. One object per market."""

HOLE_MAX = 2**32 - 1

NEW, DUPLICATE, NOTED, IGNORED = "new", "duplicate", "noted", "ignored"


class Numbered:
    """Ids that are numbers: contiguous ones show holes, ascending ones only duplicates."""

    def __init__(self, contiguous):
        self.contiguous = contiguous
        self.seen = set()
        self.holes = []  # [first id, last id, the trade that showed it]: what is missing
        self.first_live = None

    def see(self, trade):
        """(verdict, ids that the trade shows missing, (ids that it fills, trade that had shown their hole) or None)"""
        ids = range(trade.id - trade.folded, trade.id + 1)
        if not trade.snapshot and self.first_live is None:
            self.first_live = trade.id
        if any(i in self.seen for i in ids):
            return (IGNORED if trade.repeat else DUPLICATE), 0, None
        hole = next((h for h in self.holes if h[0] <= ids[0] and ids[-1] <= h[1]), None)
        followed = self.first_live is not None and trade.id > self.first_live
        if trade.snapshot and not hole and not followed:
            self.seen.update(ids)
            return NOTED, 0, None
        missing = self._show(ids, trade)
        self.seen.update(ids)
        return NEW, missing, self._fill(hole, ids) if hole else None

    def _show(self, ids, trade):
        below = max(self.seen, default=None)
        if not self.contiguous or below is None or ids[0] <= below + 1 or ids[0] - below - 1 > HOLE_MAX:
            return 0
        self.holes.append([below + 1, ids[0] - 1, trade])
        return ids[0] - below - 1

    def _fill(self, hole, ids):
        self.holes.remove(hole)
        for first, last in ((hole[0], ids[0] - 1), (ids[-1] + 1, hole[1])):
            if first <= last:
                self.holes.append([first, last, hole[2]])
        return len(ids), hole[2]


class Opaque:
    """Ids without an order."""

    def __init__(self):
        self.seen = set()
        self.first_live = None

    def see(self, trade):
        if not trade.snapshot and self.first_live is None:
            self.first_live = trade.time
        if trade.id in self.seen:
            return DUPLICATE, 0, None
        self.seen.add(trade.id)
        if trade.snapshot and (self.first_live is None or trade.time <= self.first_live):
            return NOTED, 0, None
        return NEW, 0, None


class Rows:
    """No ids: a row counts when its connection has shown it more often than it has been counted."""

    def __init__(self):
        self.counted, self.shown = {}, {}

    def see(self, trade):
        row = (trade.time, trade.price, trade.quantity, trade.taker)
        key = (row, trade.batch if trade.batch else trade.connection)
        self.shown[key] = self.shown.get(key, 0) + 1
        if self.shown[key] <= self.counted.get(row, 0):
            return DUPLICATE, 0, None
        self.counted[row] = self.counted.get(row, 0) + 1
        return NEW, 0, None


def checker(kind):
    if kind == "none":
        return Rows()
    return Opaque() if kind == "opaque" else Numbered(kind == "contiguous")
