"""polars: lines with a trade's stream name, their JSON decoded by polars, grouped by minute of the trade's time."""

import polars as pl

from lines import run

FRAME = pl.Struct({"data": pl.Struct({"s": pl.String, "t": pl.Int64, "p": pl.String, "q": pl.String, "T": pl.Int64})})


def read_lines(path):
    return pl.read_csv(path, has_header=False, separator="\x01", quote_char=None, schema={"line": pl.String})


def decode(lines):
    return (
        lines.lazy()
        .filter(pl.col("line").str.contains('@trade","data"', literal=True))
        .select(pl.col("line").str.slice(20).str.json_decode(FRAME).struct.field("data"))
        .unnest("data")
        .select(
            "s",
            time=pl.from_epoch("T", time_unit="ms"),
            price=pl.col("p").cast(pl.Float64),
            amount=pl.col("q").cast(pl.Float64),
        )
    )


def bars(trades):
    price = pl.col("price")
    return (
        trades.sort("s", "time", maintain_order=True)
        .group_by_dynamic("time", every="1m", group_by="s")
        .agg(
            open=price.first(),
            high=price.max(),
            low=price.min(),
            close=price.last(),
            volume=pl.col("amount").sum(),
            count=pl.len(),
        )
        .select("s", pl.col("time").dt.epoch("ms"), "open", "high", "low", "close", "volume", "count")
    )


def peer(venue, path):
    lines = read_lines(path)
    return lines.height, bars(decode(lines)).collect().rows()


run(pl.__version__, peer, "frames without a trade's stream name are dropped before any JSON is parsed")
