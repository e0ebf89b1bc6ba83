"""Medians, spread and ratios of a run as Markdown. Does not measure."""

import statistics

from .measure import METRICS

PEERS = ("nginx", "haproxy", "haproxy-log")


def _values(metric, measured):
    values = []
    for one in measured:
        try:
            values.append(METRICS[metric.read](one))
        except (KeyError, ZeroDivisionError):
            pass
    return values


def _cell(metric, values):
    if not values:
        return "–"
    middle = statistics.median(values)
    text = f"{middle:,.{metric.digits}f}"
    if len(values) > 1 and middle:
        text += f" ±{100 * (max(values) - min(values)) / 2 / abs(middle):.0f}%"
    return text


def _ratio(metric, medians):
    peers = [medians[name] for name in PEERS if name in medians]
    if not metric.compared or "weir" not in medians or not peers:
        return ""
    best = max(peers) if metric.more_is_better else min(peers)
    if best <= 0:
        return ""
    return f"{medians['weir'] / best:.2f}"


def _bound(metric):
    if metric.must is None:
        return ""
    return ("≥ " if metric.more_is_better else "≤ ") + f"{metric.must:.1f}"


def markdown(scenarios, names, results, voids):
    """`results[scenario][proxy]` is a list of reports; `voids[scenario][proxy]` says why there are fewer."""
    shown = [name for name in names if name != "direct"]
    lines = ["| scenario | number | " + " | ".join(shown) + " | weir ÷ best peer | must |",
             "|---" * (len(shown) + 4) + "|"]
    for scenario in scenarios:
        for metric in scenario.metrics:
            cells, medians = [], {}
            for name in shown:
                values = _values(metric, results.get(scenario.name, {}).get(name, []))
                if values:
                    medians[name] = statistics.median(values)
                cells.append(_cell(metric, values))
            lines.append(f"| {scenario.name} | {metric.title} | " + " | ".join(cells) +
                         f" | {_ratio(metric, medians)} | {_bound(metric)} |")
    notes = [f"- {scenario}, {name}: {why}" for scenario, by_name in voids.items() for name, why in by_name.items()]
    return "\n".join(lines) + ("\n\nVoid measurements:\n" + "\n".join(notes) if notes else "") + "\n"
