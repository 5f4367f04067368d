# SPDX-License-Identifier: BSD-3-Clause
"""Figures: several values of each, their median and spread; the table and the JSON file."""
import json
import statistics


class Figure:
    """One line of the table. `better` is "more" or "less": which way must and aim are meant."""

    def __init__(self, name, unit, better, must=None, aim=None):
        self.name, self.unit, self.better, self.must, self.aim = name, unit, better, must, aim
        self.values = []
        self.rivals = {}  # name: its values, in this figure's unit

    def add(self, value):
        self.values.append(value)

    def rival(self, name, value):
        self.rivals.setdefault(name, []).append(value)

    @property
    def value(self):
        return statistics.median(self.values)

    def holds(self, limit):
        return self.value >= limit if self.better == "more" else self.value <= limit

    def verdict(self):
        """What there is to say about must and aim."""
        if self.must is not None and not self.holds(self.must):
            return "below must" if self.better == "more" else "above must"
        if self.aim is not None and self.holds(self.aim):
            return "aim reached"
        return "must holds" if self.must is not None else ""

    def object(self, **more):
        return {
            "name": self.name,
            "value": tidy(self.value),
            "unit": self.unit,
            "must": self.must,
            "aim": self.aim,
            "rivals": {n: tidy(statistics.median(v)) for n, v in self.rivals.items()},
            "better": self.better,
            "min": tidy(min(self.values)),
            "max": tidy(max(self.values)),
            "runs": len(self.values),
        } | more


def tidy(n):
    """Four significant digits, or all of an integer's."""
    return int(n) if n == int(n) else float(f"{n:.4g}") if abs(n) < 1000 else round(n)


def text(n):
    if n is None:
        return ""
    n = tidy(n)
    return f"{n:,}"


class Figures:
    """All of them, in the order in which they were first asked for."""

    def __init__(self):
        self.by_name = {}

    def get(self, name, unit, better, must=None, aim=None):
        if name not in self.by_name:
            self.by_name[name] = Figure(name, unit, better, must, aim)
        return self.by_name[name]

    def measured(self):
        return [f for f in self.by_name.values() if f.values]

    def table(self):
        rows = [("figure", "median", "min", "max", "unit", "must", "aim", "", "rivals (medians)")]
        for f in self.measured():
            spread = ("", "") if len(f.values) == 1 else (text(min(f.values)), text(max(f.values)))
            rivals = ", ".join(f"{n} {text(statistics.median(v))}" for n, v in f.rivals.items())
            rows.append((f.name, text(f.value), *spread, f.unit, text(f.must), text(f.aim),
                         f.verdict(), rivals))
        widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
        left = {0, 4, 7, 8}
        return "\n".join("  ".join(c.ljust(w) if i in left else c.rjust(w)
                                   for i, (c, w) in enumerate(zip(r, widths))).rstrip()
                         for r in rows)

    def write(self, file, **more):
        """A JSON array, a line each: programs may read the whole or a line at a time."""
        lines = ",\n".join(json.dumps(f.object(**more)) for f in self.measured())
        with open(file, "w", encoding="utf-8") as out:
            out.write(f"[\n{lines}\n]\n" if lines else "[]\n")
