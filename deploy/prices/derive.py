#!/usr/bin/env python3
"""Makes book.jsonl, the built-in price book, from a folder of collected facts.

    derive.py FACTS [BOOK]

FACTS holds models.json; own.json here has rows of ours, overrides.json what evidence proves (see README.md).
Decimal arithmetic throughout: a price is never a float.
What cannot be carried over exactly, or at all, is reported on stderr and counted.
"""

import json
import sys
from collections import Counter
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

HERE = Path(__file__).resolve().parent
DATE = "2026-11-21"
VERSION = f"builtin-{DATE}"

NANO = Decimal(10) ** 9
MILLION = Decimal(10) ** 6

# No tokens are sold at more than this many dollars per million: such a price is per thousand, or of something else.
DEAREST_USD_PER_MTOK = 1000

# Prices per million tokens: the facts' name -> the bucket.
TOKEN_BUCKETS = {
    "input": "input",
    "cached_input": "cache_read",
    "cache_write": "cache_write_5m",
    "cache_write_1h": "cache_write_1h",
    "audio_input": "audio_input",
    "image_input": "image_input",
    "output": "output",
    "reasoning_output": "reasoning",
    "audio_output": "audio_output",
    "image_output": "image_output",
}
# Prices per single unit: the facts' name -> the bucket and how many of its units one such unit is.
UNIT_BUCKETS = {
    "per_request": ("request", 1),
    "web_search_per_query": ("web_search", 1),
    "per_audio_second_in": ("milli_second", 1000),
    "per_second_in": ("milli_second", 1000),
    "per_second_out": ("milli_second", 1000),
    "per_image_out": ("image", 1),
    "per_character_in": ("character", 1),
}
ORDER = [*TOKEN_BUCKETS.values(), "request", "web_search", "milli_second", "image", "character"]

notes = Counter()


def note(kind, row, detail):
    """Reports what the book cannot say."""
    notes[kind] += 1
    print(f"{kind}: {row['provider']} {row['model']}: {detail}", file=sys.stderr)


def nano(row, name, usd_per_million):
    """Nano-dollars per million units; finer than that rounds half-even and is reported."""
    exact = usd_per_million * NANO
    rounded = exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    if rounded != exact:
        note("rounded", row, f"{name} {exact} nano-dollars per million")
    return int(rounded)


def token_rates(row, prices):
    """The rates of one object of token prices."""
    rates = {}
    for name, usd in prices.items():
        bucket = TOKEN_BUCKETS.get(name)
        if bucket:
            rates[bucket] = nano(row, name, Decimal(usd))
        elif name.endswith("put"):
            notes[f"no bucket for {name}"] += 1
    return rates


def unit_rates(row):
    """The rates of prices that are not per token."""
    rates = {}
    for name, usd in sorted(row.get("unit_prices_usd", {}).items()):
        if name not in UNIT_BUCKETS:
            notes[f"no bucket for {name}"] += 1
            continue
        if isinstance(usd, dict):  # by size of the search context
            usd = usd.get("medium", next(iter(usd.values())))
        bucket, units = UNIT_BUCKETS[name]
        if bucket == "milli_second" and Decimal(usd) == 0:
            continue  # the free side of a model that charges for the other one
        rate = nano(row, name, Decimal(usd) * MILLION / units)
        if rates.get(bucket, rate) != rate:
            note("two prices in one bucket", row, f"{name} left out")
            continue
        rates[bucket] = rate
    return rates


def believable(row, rates):
    """The rates without those that cannot be meant: an absent price is shown as unrated, a wrong one as a cost."""
    dearest = max((rate for bucket, rate in rates.items() if bucket in TOKEN_BUCKETS.values()), default=0)
    if dearest >= DEAREST_USD_PER_MTOK * NANO:
        note("not believable", row, f"{dearest / NANO} dollars per million tokens, prices dropped")
        return {}
    if rates.get("cache_read", 0) > rates.get("input", dearest):
        note("not believable", row, "reading the cache dearer than reading anew, dropped")
        return {bucket: rate for bucket, rate in rates.items() if bucket != "cache_read"}
    return rates


def ordered(rates):
    return {bucket: rates[bucket] for bucket in ORDER if bucket in rates}


def minute(clock):
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def same(a, b):
    return all(Decimal(a.get(key, 0)) == Decimal(b.get(key, 0)) for key in ("input", "output"))


def hours(row):
    """The ordinary prices and the windows of a model whose price depends on the hour.

    The facts' base price may be that of either. When it is neither, the schedule is one of the past: no windows.
    """
    schedule = row.get("schedule", [])
    base = row["usd_per_mtok"]
    for entry in schedule:
        if entry.get("from", "") > DATE:
            note("changes later", row, f"{base.get('input')}/{base.get('output')} until {entry['from']}, then "
                 f"{entry.get('input')}/{entry.get('output')}")
    dated = [entry for entry in schedule if "utc_window" in entry]
    plain = [entry for entry in schedule if "utc_window" not in entry and entry.get("from", "") <= DATE]
    if not dated or not plain:
        return base, [], False
    ordinary = max(plain, key=lambda entry: entry.get("from", ""))
    if not any(same(base, entry) for entry in [ordinary, *dated]):
        note("past schedule dropped", row, f"base {base.get('input')}/{base.get('output')} is in none of its hours")
        return base, [], False
    windows = []
    for entry in dated:
        start, end = entry["utc_window"].split("-")
        rates = ordered(token_rates(row, entry))
        windows.append({"from_minute": minute(start), "to_minute": minute(end), "rates": rates})
    prices = {key: value for key, value in ordinary.items() if key in TOKEN_BUCKETS}
    return {**base, **prices}, windows, True


def source(row, from_schedule):
    """Where the row's prices come from, and how many other sources say the same."""
    if from_schedule and "genai-prices" in row["sources"]:
        return "genai-prices"  # the one source that knows hours
    agree = row["confirmed_by"]
    return f"{row['sources'][0]}, {agree} agree" if agree else row["sources"][0]


def book_row(row):
    prices, windows, from_schedule = hours(row)
    out = {"provider": row["provider"], "model": row["model"]}
    out |= {"aliases": row["aliases"]} if row["aliases"] else {}
    out["mode"] = row["mode"]
    out |= {key: row[key] for key in ("context_window", "max_input", "max_output") if row[key] is not None}
    out |= {"capabilities": sorted(row["capabilities"])} if row.get("capabilities") else {}
    out["rates"] = ordered(believable(row, {**token_rates(row, prices), **unit_rates(row)}))
    tiers = [
        {"above_input_tokens": tier["above_input_tokens"], "rates": ordered(token_rates(row, tier))}
        for tier in sorted(row.get("tiers", []), key=lambda tier: tier["above_input_tokens"])
    ]
    out |= {"tiers": tiers} if tiers else {}
    service = {name: ordered(token_rates(row, tier)) for name, tier in sorted(row.get("service_tiers", {}).items())}
    out |= {"service_tiers": service} if service else {}
    out |= {"windows": windows} if windows else {}
    return out | {"source": source(row, from_schedule), "date": DATE}


def correct(facts, overrides):
    """Puts prices that evidence proves over those of the facts; an override without its row is an error."""
    found = {(row["provider"], row["model"]): row for row in facts}
    for override in overrides:
        row = found[override["provider"], override["model"]]
        for prices in ("usd_per_mtok", "unit_prices_usd"):
            row[prices] = {**row.get(prices, {}), **override.get(prices, {})}
        row |= {"sources": [override["source"]], "confirmed_by": 0}


def worth_keeping(row):
    """A row says something when it has a price or a size."""
    return row["rates"] or any(row.get(key) for key in ("context_window", "max_input", "max_output"))


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    facts = json.loads((Path(sys.argv[1]) / "models.json").read_text())
    facts += json.loads((HERE / "own.json").read_text())
    correct(facts, json.loads((HERE / "overrides.json").read_text()))
    rows = [book_row(row) for row in facts]
    kept = sorted(filter(worth_keeping, rows), key=lambda row: (row["provider"], row["model"]))
    if len({(row["provider"], row["model"]) for row in kept}) != len(kept):
        sys.exit("two rows for one provider and model: the book would not be unambiguous")
    lines = [{"version": VERSION, "collected": DATE}, *kept]
    book = Path(sys.argv[2]) if len(sys.argv) == 3 else HERE / "book.jsonl"
    book.write_text("".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines))
    priced = sum(1 for row in kept if row["rates"])
    print(f"{len(kept)} rows of {len(facts)} facts, {priced} with a price", file=sys.stderr)
    for kind, count in sorted(notes.items()):
        print(f"  {count} x {kind}", file=sys.stderr)


if __name__ == "__main__":
    main()
