"""pyarrow: `receive-ns frame` lines of FILES as Parquet with two columns; says the bytes of each file and level."""

import io
import json
import sys

import pyarrow as pa
import pyarrow.parquet as parquet

from lines import frames


def size(path, level):
    receive, text = zip(*frames(path))
    table = pa.table(
        {
            "receive_ns": pa.array(map(int, receive), pa.int64()),
            "frame": pa.array([frame.rstrip(b"\n").decode() for frame in text], pa.string()),
        }
    )
    out = io.BytesIO()
    parquet.write_table(table, out, compression="zstd", compression_level=level)
    return out.tell()


json.dump(
    {
        "version": pa.__version__,
        "bytes": {path: {level: size(path, level) for level in (3, 9)} for path in sys.argv[1:]},
    },
    sys.stdout,
)
