#!/usr/bin/env python3
"""Writes docker/grafana.json, the dashboard, from the table below: title, unit, then query and legend of each line."""
import json
import pathlib

RATE = "[$__rate_interval]"
PANELS = [
    ("Requests by status", "reqps",
     ("sum by (http_response_status_code) (rate(http_server_request_duration_seconds_count" + RATE + "))",
      "{{http_response_status_code}}")),
    ("Latency", "s",
     *[(f"histogram_quantile({q}, sum by (le) (rate(http_server_request_duration_seconds_bucket"
        f'{{http_route=~"/v1/losses/.*"}}{RATE})))', f"p{round(q * 100)}") for q in (0.5, 0.9, 0.99)]),
    ("Rejections by reason", "reqps", (f"sum by (reason) (rate(lossd_rejections_total{RATE}))", "{{reason}}")),
    ("Waiting for a worker", "s",
     (f"histogram_quantile(0.99, sum by (le) (rate(lossd_queue_wait_seconds_bucket{RATE})))", "p99")),
    ("Requests in flight", "short", ("sum(http_server_active_requests)", "active"),
     ("sum(lossd_queue_depth)", "queued"), ("sum(lossd_connections)", "connections")),
    ("Memory", "bytes", ("sum by (instance) (process_resident_memory_bytes)", "resident {{instance}}"),
     ("sum by (instance) (lossd_inflight_bytes)", "admitted {{instance}}")),
    ("Compute by loss (CPUs)", "short", (f"sum by (loss) (rate(lossd_compute_seconds_total{RATE}))", "{{loss}}")),
    ("Elements by loss", "cps", (f"sum by (loss) (rate(lossd_elements_total{RATE}))", "{{loss}}")),
    ("CPUs used", "short", (f"sum by (instance) (rate(process_cpu_seconds_total{RATE}))", "{{instance}}")),
    ("Bytes of bodies", "Bps",
     (f"sum(rate(http_server_request_body_size_bytes_sum{RATE}))", "in"),
     (f"sum(rate(http_server_response_body_size_bytes_sum{RATE}))", "out")),
    ("Open files, of those that may be", "percentunit",
     ("max by (instance) (process_open_fds / process_max_fds)", "{{instance}}")),
    ("Up, and restarts in 15 minutes", "short", ('up{job="lossd"}', "up {{instance}}"),
     ("changes(process_start_time_seconds[15m])", "restarts {{instance}}")),
]
SOURCE = {"type": "prometheus", "uid": "prometheus"}


def panel(i, title, unit, *lines):
    return {
        "id": i + 1, "type": "timeseries", "title": title, "datasource": SOURCE,
        "gridPos": {"h": 8, "w": 12, "x": 12 * (i % 2), "y": 8 * (i // 2)},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [{"refId": chr(65 + k), "datasource": SOURCE, "expr": expr, "legendFormat": legend}
                    for k, (expr, legend) in enumerate(lines)],
    }


dashboard = {"uid": "lossd", "title": "lossd", "tags": ["lossd"], "schemaVersion": 39, "refresh": "10s",
             "time": {"from": "now-30m", "to": "now"}, "panels": [panel(i, *row) for i, row in enumerate(PANELS)]}
pathlib.Path(__file__).with_name("grafana.json").write_text(json.dumps(dashboard, indent=1) + "\n")
