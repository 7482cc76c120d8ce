"""Reads a JUnit file as others do: by the schema that Jenkins publishes, and by a parser that counts.

junit.py SCHEMA JUNIT REPORT: the report is that of the same run, by which the counts are judged.
"""

import json
import sys

import xmlschema
from junitparser import JUnitXml

schema, path, report = sys.argv[1:]
xmlschema.XMLSchema(schema).validate(path)

statuses = [job["status"] for job in json.load(open(report))["jobs"] if job["kind"] != "group"]
expected = {
    "tests": len(statuses),
    "failures and errors": statuses.count("failed"),
    "skipped": sum(status not in ("satisfied", "changed", "failed") for status in statuses),
}
(suite,) = JUnitXml.fromfile(path)
told = {"tests": suite.tests, "failures and errors": suite.failures + suite.errors, "skipped": suite.skipped}
suite.update_statistics()  # counts the cases themselves
counted = {"tests": suite.tests, "failures and errors": suite.failures + suite.errors, "skipped": suite.skipped}
assert told == counted == expected, f"told {told}, counted {counted}, expected {expected}"
