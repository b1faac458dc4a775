#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with duckdb 2.0.1, pyarrow 26.0.1 and polars 2.1.0 (PyPI; with numpy 2.4.6), the latest.
#
# Clean a table of NaN with DuckDB, ... WHERE NOT isnan(x), or WHERE x < 5, and the NaN stays, if the file is a Parquet file of pyarrow or
# polars. WHERE isnan(x) finds none, and nothing is more than the largest number, though to DuckDB NaN is more than every number. A Parquet
# file says of each column the smallest and the largest number, by the format's rule those that are not NaN, and DuckDB takes what
# holds of these two for what holds of all and leaves out the condition. So the very same numbers come out right from a file of DuckDB's
# own, which keeps no such two numbers where there is NaN, from one written with write_statistics=False, and from memory; and from all files
# where the condition is not decided by the two numbers (x < 4). polars reads all of them right.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check duckdb==2.0.1 pyarrow==26.0.1 polars==2.1.0 numpy==2.4.6
cat >see.py <<'P'
import duckdb
import numpy
import polars
import pyarrow
import pyarrow.parquet

x = numpy.array([1, 2, numpy.nan, 4], numpy.float32)
memory = pyarrow.table({"x": x})
pyarrow.parquet.write_table(memory, "pyarrow.parquet")
pyarrow.parquet.write_table(memory, "bare.parquet", write_statistics=False)
polars.from_arrow(memory).write_parquet("polars.parquet")
duckdb.sql("COPY (SELECT * FROM 'pyarrow.parquet') TO 'duckdb.parquet'")
RIGHT = {"isnan(x)": "[nan]", "NOT isnan(x)": "[1.0, 2.0, 4.0]", "x < 5": "[1.0, 2.0, 4.0]", "x > 4": "[nan]", "x < 4": "[1.0, 2.0]"}
WRONG = {"isnan(x)": "[]", "NOT isnan(x)": "[1.0, 2.0, nan, 4.0]", "x < 5": "[1.0, 2.0, nan, 4.0]", "x > 4": "[]", "x < 4": "[1.0, 2.0]"}
failures = 0
for source in "memory", "'duckdb.parquet'", "'bare.parquet'", "'pyarrow.parquet'", "'polars.parquet'":
    everything = str([row[0] for row in duckdb.sql(f"SELECT x FROM {source}").fetchall()])
    failures += everything != "[1.0, 2.0, nan, 4.0]"
    for condition, right in RIGHT.items():
        found = str([row[0] for row in duckdb.sql(f"SELECT x FROM {source} WHERE {condition}").fetchall()])
        failures += found != (WRONG if source in ("'pyarrow.parquet'", "'polars.parquet'") else RIGHT)[condition]
        print(f"duckdb, {source} with {everything}, where {condition}: {found}{'' if found == right else ', not ' + right}")
for name in "pyarrow", "polars", "duckdb", "bare":
    found = polars.scan_parquet(f"{name}.parquet").filter(~polars.col("x").is_nan()).collect()["x"].to_list()
    print(f"polars, '{name}.parquet', where it is not NaN: {found}")
    failures += found != [1.0, 2.0, 4.0]
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
