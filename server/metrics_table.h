/* Behind server/metrics.h: the tables that recording writes and the text reads. Numbers are atomics, relaxed:
 * each is right by itself, and a scrape may see a request in one and not yet in the next. */
#ifndef LOSSD_SERVER_METRICS_TABLE_H
#define LOSSD_SERVER_METRICS_TABLE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

enum { LOSSD_LABELS = 4, LOSSD_MOST_BUCKETS = 20 };

/* A set of label values; NULL or "" where a label is absent. */
struct lossd_labels {
  const char *value[LOSSD_LABELS];
};

/* Upper bounds of a histogram's buckets, as integers and as text; +Inf is not among them. */
struct lossd_bound {
  uint64_t most;
  const char *text;
};
struct lossd_bounds {
  int count;
  struct lossd_bound bound[LOSSD_MOST_BUCKETS];
};
extern const struct lossd_bounds lossd_second_bounds; /* in nanoseconds */
extern const struct lossd_bounds lossd_byte_bounds;

struct lossd_histogram {
  _Atomic uint64_t bucket[LOSSD_MOST_BUCKETS + 1]; /* not cumulative; the last is +Inf */
  _Atomic uint64_t sum;                            /* nanoseconds or bytes */
};

/* A row of a table. hash is 0 while a row is free and set last, so that who sees it sees the labels. Tables
 * differ in the numbers they use. */
struct lossd_series {
  _Atomic uint64_t hash;
  struct lossd_labels labels;
  struct lossd_histogram seconds, request_bytes, response_bytes;
};
struct lossd_counts {
  _Atomic uint64_t hash;
  struct lossd_labels labels;
  _Atomic uint64_t count[2];
};

/* An open-addressing table that only grows, to at most half its slots. rows has slots + 1 rows: the last is
 * for what does not fit. */
struct lossd_series_table {
  void *rows;
  size_t row_bytes;
  uint64_t slots; /* a power of two */
  int labels;     /* used, of LOSSD_LABELS */
  uint64_t used;
  pthread_mutex_t lock;
};

extern struct lossd_series_table lossd_request_table; /* struct lossd_series: method, route, status, error */
extern struct lossd_series_table
    lossd_compute_table; /* struct lossd_counts: loss, dtype; nanoseconds, elements */
extern struct lossd_series_table lossd_rejection_table; /* struct lossd_counts: reason; times */

struct lossd_gauges {
  _Atomic int64_t active, queue_depth, connections, inflight_bytes;
  _Atomic uint64_t overflows;
  struct lossd_histogram queue_wait;
};
extern struct lossd_gauges lossd_gauges;

/* The row of these labels, made when it is new; the last row when the table is full. */
void *lossd_series_find(struct lossd_series_table *table, const struct lossd_labels *labels);
/* Row i of slots + 1, or NULL while it is free. */
const void *lossd_series_at(const struct lossd_series_table *table, uint64_t i);
void lossd_histogram_add(struct lossd_histogram *histogram, const struct lossd_bounds *bounds,
                         uint64_t value);

#endif
