#include "server/metrics.h"

#include "server/metrics_table.h"
#include <string.h>

/* Seconds as whole nanoseconds: sums are then plain integers. What is no time counts as none. */
static uint64_t nanoseconds(double seconds) {
  return seconds > 0 ? seconds < 1e9 ? (uint64_t)(seconds * 1e9) : (uint64_t)1e18 : 0;
}

/* RFC 9110 and 5789's methods; others are a client's invention and must not become label values. */
static const char *method_label(const char *method) {
  static const char *const known[] = {"POST",   "GET",   "HEAD",    "OPTIONS", "PUT",
                                      "DELETE", "PATCH", "CONNECT", "TRACE"};
  for (size_t i = 0; method && i < sizeof known / sizeof *known; i++)
    if (strcmp(method, known[i]) == 0) return known[i];
  return "_OTHER";
}

/* "100" to "599", as constants. */
static const char *status_label(int status) {
#define TEN(p) p "0", p "1", p "2", p "3", p "4", p "5", p "6", p "7", p "8", p "9"
#define HUNDRED(p)                                                                                           \
  TEN(p "0"), TEN(p "1"), TEN(p "2"), TEN(p "3"), TEN(p "4"), TEN(p "5"), TEN(p "6"), TEN(p "7"),            \
      TEN(p "8"), TEN(p "9")
  static const char *const text[] = {HUNDRED("1"), HUNDRED("2"), HUNDRED("3"), HUNDRED("4"), HUNDRED("5")};
#undef HUNDRED
#undef TEN
  return status >= 100 && status < 600 ? text[status - 100] : "_OTHER";
}

void lossd_metrics_request(const char *method, const char *route_template, int status, double seconds,
                           size_t request_bytes, size_t response_bytes, const char *error_code) {
  const struct lossd_labels labels = {
      {method_label(method), route_template, status_label(status), error_code}};
  struct lossd_series *series = lossd_series_find(&lossd_request_table, &labels);
  lossd_histogram_add(&series->seconds, &lossd_second_bounds, nanoseconds(seconds));
  lossd_histogram_add(&series->request_bytes, &lossd_byte_bounds, request_bytes);
  lossd_histogram_add(&series->response_bytes, &lossd_byte_bounds, response_bytes);
}

void lossd_metrics_active(int delta) {
  atomic_fetch_add_explicit(&lossd_gauges.active, delta, memory_order_relaxed);
}

void lossd_metrics_queue_depth(int depth) {
  atomic_store_explicit(&lossd_gauges.queue_depth, depth, memory_order_relaxed);
}

void lossd_metrics_queue_wait(double seconds) {
  if (seconds >= 0) lossd_histogram_add(&lossd_gauges.queue_wait, &lossd_second_bounds, nanoseconds(seconds));
}

void lossd_metrics_compute(const char *loss, const char *dtype, double seconds, int64_t elements) {
  struct lossd_counts *counts =
      lossd_series_find(&lossd_compute_table, &(struct lossd_labels){{loss, dtype}});
  atomic_fetch_add_explicit(&counts->count[0], nanoseconds(seconds), memory_order_relaxed);
  atomic_fetch_add_explicit(&counts->count[1], elements > 0 ? (uint64_t)elements : 0, memory_order_relaxed);
}

void lossd_metrics_rejection(const char *reason) {
  struct lossd_counts *counts = lossd_series_find(&lossd_rejection_table, &(struct lossd_labels){{reason}});
  atomic_fetch_add_explicit(&counts->count[0], 1, memory_order_relaxed);
}

void lossd_metrics_connections(int delta) {
  atomic_fetch_add_explicit(&lossd_gauges.connections, delta, memory_order_relaxed);
}

void lossd_metrics_inflight_bytes(long long delta) {
  atomic_fetch_add_explicit(&lossd_gauges.inflight_bytes, delta, memory_order_relaxed);
}
