/* The text of /metrics: one table of families, each with the function that writes its samples. */
#include "server/metrics.h"

#include "core/loss.h"
#include "server/metrics_table.h"
#include "server/process.h"
#include "server/version.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Text that grows in an arena; what is outgrown stays until the arena's end, at most as much again. */
struct text {
  struct lossd_arena *arena;
  char *data;
  size_t length, capacity;
  bool failed; /* there was no memory */
  bool openmetrics;
  struct lossd_process process;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *format, ...) {
  enum { MOST = 512 }; /* every piece here is shorter */
  char *data =
      text->failed ? NULL : lossd_arena_grow(text->arena, text->data, text->length, MOST, &text->capacity, 1);
  text->data = data;
  text->failed = !data;
  if (!data) return;
  va_list args;
  va_start(args, format);
  int length = vsnprintf(data + text->length, MOST, format, args);
  va_end(args);
  text->length += length < MOST ? (size_t)length : MOST - 1;
}

/* A label's value: backslash, quote and line feed escaped. */
static void put_value(struct text *text, const char *value) {
  while (*value) {
    int plain = (int)strcspn(value, "\\\"\n");
    put(text, "%.*s", plain, value);
    value += plain;
    if (!*value) return;
    put(text, "\\%c", *value == '\n' ? 'n' : *value);
    value++;
  }
}

/* Labels: a name for each value, absent values left out, `le` last. */
static void put_labels(struct text *text, const char *const *names, const struct lossd_labels *labels,
                       const char *le) {
  const char *before = "{";
  for (int i = 0; names && i < LOSSD_LABELS && names[i]; i++) {
    if (!labels->value[i] || !*labels->value[i]) continue;
    put(text, "%s%s=\"", before, names[i]);
    put_value(text, labels->value[i]);
    put(text, "\"");
    before = ",";
  }
  if (le) put(text, "%sle=\"%s\"", before, le);
  if (le || *before == ',') put(text, "}");
}

/* Nanoseconds as seconds, exactly; other sums as they are. */
static void put_sum(struct text *text, uint64_t sum, bool is_time) {
  const uint64_t second = 1000000000;
  if (is_time)
    put(text, " %llu.%09llu\n", (unsigned long long)(sum / second), (unsigned long long)(sum % second));
  else
    put(text, " %llu\n", (unsigned long long)sum);
}

static uint64_t load(const _Atomic uint64_t *number) {
  return atomic_load_explicit(number, memory_order_relaxed);
}

static void put_histogram(struct text *text, const char *name, const char *const *names,
                          const struct lossd_labels *labels, const struct lossd_histogram *histogram,
                          bool is_time) {
  const struct lossd_bounds *bounds = is_time ? &lossd_second_bounds : &lossd_byte_bounds;
  uint64_t count = 0;
  for (int i = 0; i <= bounds->count; i++) {
    bool last = i == bounds->count;
    count += load(&histogram->bucket[last ? LOSSD_MOST_BUCKETS : i]);
    put(text, "%s_bucket", name);
    put_labels(text, names, labels, last ? "+Inf" : bounds->bound[i].text);
    put(text, " %llu\n", (unsigned long long)count);
  }
  put(text, "%s_sum", name);
  put_labels(text, names, labels, NULL);
  put_sum(text, load(&histogram->sum), is_time);
  put(text, "%s_count", name);
  put_labels(text, names, labels, NULL);
  put(text, " %llu\n", (unsigned long long)count);
}

/* ---- Families ---- */

struct family {
  const char *name; /* counters end in _total */
  const char *type;
  const char *help;
  void (*write)(struct text *text, const struct family *family);
  size_t offset; /* of the number in its row or struct */
  bool is_time;  /* nanoseconds, shown as seconds */
  struct lossd_series_table *table;
};

static const char *const request_labels[] = {"http_request_method", "http_route", "http_response_status_code",
                                             "error_type"};
static const char *const compute_labels[] = {"loss", "dtype", NULL};
static const char *const rejection_labels[] = {"reason", NULL};
static const char *const build_labels[] = {"version", "compiler", "instruction_set", NULL};

static const void *at(const void *base, size_t offset) {
  return (const char *)base + offset;
}

static void write_requests(struct text *text, const struct family *family) {
  for (uint64_t i = 0; i <= family->table->slots; i++) {
    const struct lossd_series *row = lossd_series_at(family->table, i);
    if (row)
      put_histogram(text, family->name, request_labels, &row->labels, at(row, family->offset),
                    family->is_time);
  }
}

static void write_counts(struct text *text, const struct family *family) {
  const char *const *names = family->table == &lossd_compute_table ? compute_labels : rejection_labels;
  for (uint64_t i = 0; i <= family->table->slots; i++) {
    const struct lossd_counts *row = lossd_series_at(family->table, i);
    if (!row) continue;
    put(text, "%s", family->name);
    put_labels(text, names, &row->labels, NULL);
    put_sum(text, load(at(row, family->offset)), family->is_time);
  }
}

static void write_gauge(struct text *text, const struct family *family) {
  const _Atomic int64_t *number = at(&lossd_gauges, family->offset);
  put(text, "%s %lld\n", family->name, (long long)atomic_load_explicit(number, memory_order_relaxed));
}

static void write_total(struct text *text, const struct family *family) {
  put(text, "%s %llu\n", family->name, (unsigned long long)load(at(&lossd_gauges, family->offset)));
}

static void write_histogram(struct text *text, const struct family *family) {
  put_histogram(text, family->name, NULL, NULL, at(&lossd_gauges, family->offset), family->is_time);
}

static void write_seconds(struct text *text, const struct family *family) {
  double seconds = *(const double *)at(&text->process, family->offset);
  if (seconds >= 0) put(text, "%s %.6f\n", family->name, seconds);
}

static void write_number(struct text *text, const struct family *family) {
  long long number = *(const long long *)at(&text->process, family->offset);
  if (number >= 0) put(text, "%s %lld\n", family->name, number);
}

static void write_build(struct text *text, const struct family *family) {
  const struct lossd_labels labels = {{LOSSD_VERSION, LOSSD_COMPILER, lossd_instruction_set()}};
  put(text, "%s", family->name);
  put_labels(text, build_labels, &labels, NULL);
  put(text, " 1\n");
}

#define SERIES(member) write_requests, offsetof(struct lossd_series, member)
#define COUNTS(i) write_counts, offsetof(struct lossd_counts, count) + (i) * sizeof(uint64_t)
#define GAUGE(member) write_gauge, offsetof(struct lossd_gauges, member), false, NULL
#define PROCESS(write, member) write, offsetof(struct lossd_process, member), false, NULL

static const struct family families[] = {
    {"http_server_request_duration_seconds", "histogram",
     "Time from a request's start to the end of its answer.", SERIES(seconds), true, &lossd_request_table},
    {"http_server_request_body_size_bytes", "histogram", "Size of request bodies as received.",
     SERIES(request_bytes), false, &lossd_request_table},
    {"http_server_response_body_size_bytes", "histogram", "Size of answer bodies.", SERIES(response_bytes),
     false, &lossd_request_table},
    {"http_server_active_requests", "gauge", "Requests being served.", GAUGE(active)},
    {"lossd_queue_depth", "gauge", "Requests waiting for a worker.", GAUGE(queue_depth)},
    {"lossd_queue_wait_seconds", "histogram", "Time requests waited for a worker.", write_histogram,
     offsetof(struct lossd_gauges, queue_wait), true, NULL},
    {"lossd_compute_seconds_total", "counter", "Time spent evaluating, by loss and compute type.", COUNTS(0),
     true, &lossd_compute_table},
    {"lossd_elements_total", "counter", "Elements evaluated, by loss and compute type.", COUNTS(1), false,
     &lossd_compute_table},
    {"lossd_rejections_total", "counter", "Requests and connections turned away, by reason.", COUNTS(0),
     false, &lossd_rejection_table},
    {"lossd_connections", "gauge", "Open connections.", GAUGE(connections)},
    {"lossd_inflight_bytes", "gauge", "Memory admitted for requests in flight.", GAUGE(inflight_bytes)},
    {"lossd_label_overflows_total", "counter",
     "Records counted under _OTHER because a table of label sets was full.", write_total,
     offsetof(struct lossd_gauges, overflows), false, NULL},
    {"lossd_build_info", "gauge", "Always 1; the labels say what is running.", write_build, 0, false, NULL},
    {"process_cpu_seconds_total", "counter", "User and system CPU time.",
     PROCESS(write_seconds, cpu_seconds)},
    {"process_resident_memory_bytes", "gauge", "Resident memory.", PROCESS(write_number, resident_bytes)},
    {"process_virtual_memory_bytes", "gauge", "Virtual memory.", PROCESS(write_number, virtual_bytes)},
    {"process_open_fds", "gauge", "Open file descriptors.", PROCESS(write_number, open_files)},
    {"process_max_fds", "gauge", "Most file descriptors the process may open.",
     PROCESS(write_number, most_files)},
    {"process_start_time_seconds", "gauge", "Start of the process, in seconds since 1970.",
     PROCESS(write_seconds, start_seconds)},
};

/* OpenMetrics names a counter's family without the _total of its samples. */
static int family_length(const struct text *text, const struct family *family) {
  size_t length = strlen(family->name);
  bool cut = text->openmetrics && strcmp(family->type, "counter") == 0;
  return (int)(cut ? length - strlen("_total") : length);
}

const char *lossd_metrics_text(bool openmetrics, struct lossd_arena *arena, size_t *length) {
  enum { START = 16384 };
  struct text text = {.arena = arena, .capacity = START, .openmetrics = openmetrics};
  lossd_process_read(&text.process);
  for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
    int name = family_length(&text, &families[i]);
    put(&text, "# HELP %.*s %s\n", name, families[i].name, families[i].help);
    put(&text, "# TYPE %.*s %s\n", name, families[i].name, families[i].type);
    families[i].write(&text, &families[i]);
  }
  if (openmetrics) put(&text, "# EOF\n");
  *length = text.failed ? 0 : text.length;
  return text.data;
}
