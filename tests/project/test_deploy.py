"""Promises of what is deployed beside the program: rules name metrics that exist, units name real options."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from reconciler.cli.commands.run import run
from reconciler.daemon.metrics import Metrics

DEPLOY = Path(__file__).parents[2] / "deploy"
_METRIC = re.compile(r"\breconciler_[a-z_]+")
_OPTION = re.compile(r"(?<!\S)--([a-z-]+)")


def exposed() -> set[str]:
    """Every name under which a sample may appear."""
    names: set[str] = set()
    for family in Metrics().registry.collect():
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""])
        names |= {family.name + suffix for suffix in suffixes}
    return names


def test_every_metric_in_the_rules_exists() -> None:
    rules = yaml.safe_load((DEPLOY / "prometheus-rules.yaml").read_text())
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    assert alerts
    for rule in alerts:
        named = set(_METRIC.findall(rule["expr"]))
        assert named, rule["alert"]
        assert named <= exposed(), rule["alert"]
        assert rule["annotations"]["description"]


def test_every_metric_in_the_readme_exists() -> None:
    named = set(_METRIC.findall((DEPLOY / "README.md").read_text()))
    assert named <= exposed() | {"reconciler_reconcile_duration_seconds"}  # a histogram, as people call it


def test_every_option_that_deployment_names_is_one_of_the_command() -> None:
    known = {name.replace("_", "-") for name in run.__annotations__} | {"help"}
    for file in ("reconciler.env.example", "reconciler.service", "Containerfile"):
        for line in (DEPLOY / file).read_text().splitlines():
            if "RECONCILER_OPTIONS=" in line or "reconciler run" in line or line.startswith("CMD"):
                assert set(_OPTION.findall(line.replace('"', " "))) <= known, (file, line)
