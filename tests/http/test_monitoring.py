"""The dashboard and the alerts of deploy/: they name only metrics and labels that exist; Prometheus accepts them."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.config import Config, ConfigSources
from server.http import create_app
from server.http.operations.metrics import METRICS
from server.http.operations.report_collector import ReportCollector

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana" / "sambert-server.json").read_text("utf-8"))
ALERTS = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text("utf-8"))

BY_PROMETHEUS = {"up": {"job", "instance"}}
"""Metrics that Prometheus adds."""
TARGET = {"job", "instance"}
"""Labels that Prometheus adds."""
FUNCTIONS = {
    "sum", "max", "min", "by", "on", "and", "rate", "increase", "delta", "changes", "topk", "histogram_quantile",
    "label_values",
}  # fmt: skip
PANEL_UNITS = {"none", "percentunit", "reqps", "s", "bytes"}
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}


@pytest.fixture
def metrics(registry, tmp_path) -> dict[str, set[str]]:
    """Every name in /metrics -> its labels."""
    config = Config.model_validate({"storage": {"path": str(tmp_path / "data")}})
    app = create_app(registry, config, ConfigSources(None, {}, ()))
    found: dict[str, set[str]] = dict(BY_PROMETHEUS)
    collectors = app[METRICS].registry._collector_to_names
    for collector in collectors:
        if isinstance(collector, ReportCollector):
            found |= {measure.name: {*measure.labels, *TARGET} for measure in collector._measures}
        labels = set(getattr(collector, "_labelnames", ()))
        for family in collector.collect():
            for suffix in SUFFIXES.get(family.type, ("",)):
                buckets = {"le"} if suffix == "_bucket" else set()
                found.setdefault(family.name + suffix, labels | buckets | TARGET)
    return found


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """Where -> what is asked of Prometheus."""
    for panel in panels():
        yield from ((panel["title"], target["expr"]) for target in panel["targets"])
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["definition"]
    for annotation in DASHBOARD["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]
    for group in ALERTS["groups"]:
        yield from ((rule["alert"], rule["expr"]) for rule in group["rules"])


EXPRESSIONS = list(expressions())


def without_text(expression: str) -> str:
    return re.sub(r'"[^"]*"|\[[^]]*\]', "", expression)


def names_in(expression: str) -> set[str]:
    """The metrics: words that are no function, no label and no number."""
    plain = re.sub(r"\{[^}]*\}|\b(by|on)\s*\([^)]*\)|label_values\((\w+),[^)]*\)", r" \2 ", without_text(expression))
    return set(re.findall(r"(?<![\w.])[a-z_][a-z_0-9]*", plain)) - FUNCTIONS


def labels_in(expression: str) -> set[str]:
    plain = without_text(expression)
    matchers = re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)", " ".join(re.findall(r"\{([^}]*)\}", plain)))
    grouped = re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", plain)
    return {*matchers, *(name.strip() for names in grouped for name in names.split(",")), *()}


@pytest.mark.parametrize(("where", "expression"), EXPRESSIONS, ids=[where for where, _ in EXPRESSIONS])
def test_every_metric_and_label_exists(metrics, where, expression):
    names = names_in(expression)
    assert names
    assert names <= metrics.keys(), f"{where}: unknown {names - metrics.keys()}"
    known = set().union(*(metrics[name] for name in names))
    assert labels_in(expression) <= known, f"{where}: unknown labels {labels_in(expression) - known}"


def test_an_unknown_metric_would_be_noticed(metrics):
    assert names_in('sum by (le) (rate(sambert_absent_total{code="200"}[5m])) > 0.5') == {"sambert_absent_total"}
    assert labels_in('sum by (le, voice) (rate(a{code=~"5..", b!="c"}[5m]))') == {"le", "voice", "code", "b"}
    assert "sambert_absent_total" not in metrics


def test_the_documentation_has_every_metric_with_its_labels(metrics):
    documented = (DEPLOY.parent / "docs" / "operations.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(sambert_\w+)`(?: \(histogram\))? \| ([\w, ]*) \|", documented, re.MULTILINE))
    names = {re.sub(r"_(bucket|sum|count)$", "", name) for name in metrics if name.startswith("sambert_")}
    assert rows.keys() == names, "the table of docs/operations.md has other metrics than the server"
    for name, labels in rows.items():
        known = metrics.get(name) or metrics[f"{name}_sum"]
        assert set(filter(None, labels.split(", "))) == known - TARGET, name


def test_every_panel_has_a_title_a_description_a_unit_and_its_own_place():
    taken: set[tuple[int, int]] = set()
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    for panel in panels():
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in PANEL_UNITS
        for target in panel["targets"]:
            assert 'instance=~"$instance"' in target["expr"], panel["title"]


def test_every_alert_says_what_happens_and_what_to_do():
    for group in ALERTS["groups"]:
        for rule in group["rules"]:
            assert rule["alert"].startswith("Speech")
            assert rule["labels"]["severity"] in ("page", "warn")
            assert "$labels.instance" in rule["annotations"]["summary"]
            assert rule["annotations"]["description"].endswith(".")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_accepts_the_rules_and_the_configuration(tmp_path):
    prometheus = DEPLOY / "prometheus"
    for command in (["rules", prometheus / "alerts.yaml"], ["config", prometheus / "prometheus.yaml"]):
        checked = subprocess.run(["promtool", "check", *command], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout + checked.stderr
    rules = [
        {"record": f"panel:{number}", "expr": expression.replace("$__rate_interval", "5m").replace("$__interval", "5m")}
        for number, (_, expression) in enumerate(EXPRESSIONS)
        if not expression.startswith("label_values")
    ]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    checked = subprocess.run(["promtool", "check", "rules", file], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_alerts_are_raised_when_they_should_be(tmp_path):
    for file in (DEPLOY / "prometheus" / "alerts.yaml", Path(__file__).with_name("alerts_test.yaml")):
        shutil.copy(file, tmp_path)
    command = ["promtool", "test", "rules", tmp_path / "alerts_test.yaml"]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
