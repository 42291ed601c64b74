/* Metrics in the text formats of Prometheus (0.0.4) and OpenMetrics (1.0), named by the OpenTelemetry
 * conventions for HTTP servers. Kept in static tables of atomics for the life of the process: recording takes
 * no lock once a set of labels has been seen, allocates nothing, and may be done by any thread.
 *
 * The number of label sets is bounded. Unknown methods are "_OTHER"; label sets beyond the tables are counted
 * together with every label "_OTHER", and in lossd_label_overflows_total. Strings given for labels, except
 * the method, must be constants: they are kept. */
#ifndef LOSSD_SERVER_METRICS_H
#define LOSSD_SERVER_METRICS_H

#include "core/arena.h"
#include <stdbool.h>
#include <stdint.h>

/* One answered request. route_template: "/v1/losses/{loss}", or "" where no route matched. error_code: NULL
 * when good. */
void lossd_metrics_request(const char *method, const char *route_template, int status, double seconds,
                           size_t request_bytes, size_t response_bytes, const char *error_code);
/* Requests being served now. */
void lossd_metrics_active(int delta);
/* Requests that wait for a worker now: said before a scrape. How long one has waited; < 0: it never began. */
void lossd_metrics_queue_depth(int depth);
void lossd_metrics_queue_wait(double seconds);
/* One evaluation. */
void lossd_metrics_compute(const char *loss, const char *dtype, double seconds, int64_t elements);
/* One request or connection turned away to protect the server. */
void lossd_metrics_rejection(const char *reason);
/* Open connections. */
void lossd_metrics_connections(int delta);
/* Bytes admitted for requests. */
void lossd_metrics_inflight_bytes(long long delta);

/* Content types of the two texts. */
#define LOSSD_METRICS_PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"
#define LOSSD_METRICS_OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"
/* All metrics as text in the arena, with its length; NULL when there is no memory. */
const char *lossd_metrics_text(bool openmetrics, struct lossd_arena *arena, size_t *length);

#endif
