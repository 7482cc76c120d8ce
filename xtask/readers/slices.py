"""Reads a trace by Perfetto's trace processor, which its package downloads; ends with 3 where it cannot.

slices.py TRACE REPORT: the report is that of the same run, by which the slices are judged.
"""

import json
import sys

from perfetto.trace_processor import TraceProcessor

path, report = sys.argv[1:]
try:
    processor = TraceProcessor(trace=path)
except Exception as error:
    print(error)
    sys.exit(3)
phases = sum(len(job["phases"]) for job in json.load(open(report))["jobs"])
slices = [row for row in processor.query("select category from slice") if row.category != "delay"]
errors = list(processor.query("select name, value from stats where severity = 'error' and value > 0"))
assert (len(slices), errors) == (phases, []), f"{len(slices)} slices of {phases} phases, {errors}"
