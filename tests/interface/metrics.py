"""Reads Prometheus' text format with the parser of Prometheus' own library, and writes it as JSON."""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families

families = text_string_to_metric_families(sys.stdin.read())
json.dump(
    [
        {
            "name": family.name,
            "type": family.type,
            "help": family.documentation,
            "samples": [[sample.name, sample.labels, float(sample.value)] for sample in family.samples],
        }
        for family in families
    ],
    sys.stdout,
)
