#include "server/metrics_table.h"

#include <stdbool.h>
#include <string.h>

#define MICROSECONDS UINT64_C(1000)
#define MILLISECONDS UINT64_C(1000000)

const struct lossd_bounds lossd_second_bounds = {19,
                                                 {{100 * MICROSECONDS, "0.0001"},
                                                  {250 * MICROSECONDS, "0.00025"},
                                                  {500 * MICROSECONDS, "0.0005"},
                                                  {1 * MILLISECONDS, "0.001"},
                                                  {2500 * MICROSECONDS, "0.0025"},
                                                  {5 * MILLISECONDS, "0.005"},
                                                  {10 * MILLISECONDS, "0.01"},
                                                  {25 * MILLISECONDS, "0.025"},
                                                  {50 * MILLISECONDS, "0.05"},
                                                  {75 * MILLISECONDS, "0.075"},
                                                  {100 * MILLISECONDS, "0.1"},
                                                  {250 * MILLISECONDS, "0.25"},
                                                  {500 * MILLISECONDS, "0.5"},
                                                  {750 * MILLISECONDS, "0.75"},
                                                  {1000 * MILLISECONDS, "1.0"},
                                                  {2500 * MILLISECONDS, "2.5"},
                                                  {5000 * MILLISECONDS, "5.0"},
                                                  {7500 * MILLISECONDS, "7.5"},
                                                  {10000 * MILLISECONDS, "10.0"}}};
const struct lossd_bounds lossd_byte_bounds = {11,
                                               {{1 << 10, "1024.0"},
                                                {1 << 12, "4096.0"},
                                                {1 << 14, "16384.0"},
                                                {1 << 16, "65536.0"},
                                                {1 << 18, "262144.0"},
                                                {1 << 20, "1048576.0"},
                                                {1 << 22, "4194304.0"},
                                                {1 << 24, "16777216.0"},
                                                {1 << 26, "67108864.0"},
                                                {1 << 28, "268435456.0"},
                                                {1 << 30, "1073741824.0"}}};

/* Slots: routes x methods x statuses x errors as they occur; losses x types; reasons. Twice what is used at
 * most. */
enum { REQUEST_SLOTS = 512, COMPUTE_SLOTS = 256, REJECTION_SLOTS = 64 };

static struct lossd_series request_rows[REQUEST_SLOTS + 1];
static struct lossd_counts compute_rows[COMPUTE_SLOTS + 1];
static struct lossd_counts rejection_rows[REJECTION_SLOTS + 1];

#define TABLE(array, label_count)                                                                            \
  {                                                                                                          \
    .rows = array, .row_bytes = sizeof *array, .slots = sizeof array / sizeof *array - 1,                    \
    .labels = label_count, .lock = PTHREAD_MUTEX_INITIALIZER                                                 \
  }
struct lossd_series_table lossd_request_table = TABLE(request_rows, 4);
struct lossd_series_table lossd_compute_table = TABLE(compute_rows, 2);
struct lossd_series_table lossd_rejection_table = TABLE(rejection_rows, 1);

struct lossd_gauges lossd_gauges;

/* What struct lossd_series and struct lossd_counts begin with. */
struct row {
  _Atomic uint64_t hash;
  struct lossd_labels labels;
};

static struct row *row_at(const struct lossd_series_table *table, uint64_t i) {
  return (struct row *)((char *)table->rows + i * table->row_bytes);
}

/* Looks at a text's length and both ends only: labels are compared in full anyway, and every request hashes
 * four. */
static uint64_t mix(uint64_t hash, const char *text) {
  size_t length = text ? strlen(text) : 0;
  uint64_t head = 0, tail = 0;
  if (length >= 8) {
    memcpy(&head, text, 8);
    memcpy(&tail, text + length - 8, 8);
  } else if (length >= 4) {
    memcpy(&head, text, 4);
    memcpy(&tail, text + length - 4, 4);
  } else if (length > 0) {
    head = (uint64_t)(unsigned char)text[0] << 16 | (uint64_t)(unsigned char)text[length / 2] << 8 |
           (unsigned char)text[length - 1];
  }
  hash = (hash ^ head ^ length) * 0x9E3779B97F4A7C15u;
  hash = (hash ^ hash >> 32 ^ tail) * 0xD6E8FEB86659FD93u;
  return hash ^ hash >> 32;
}

static bool same(const char *a, const char *b) {
  return a == b || strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_labels(const struct lossd_labels *a, const struct lossd_labels *b, int count) {
  for (int i = 0; i < count; i++)
    if (!same(a->value[i], b->value[i])) return false;
  return true;
}

/* The row with these labels or the free one where it belongs. There is always a free one, which another
 * thread may take for other labels as soon as it was seen, unless the table's lock is held. */
static struct row *probe(const struct lossd_series_table *table, const struct lossd_labels *labels,
                         uint64_t hash, bool *is_free) {
  for (uint64_t i = hash & (table->slots - 1);; i = (i + 1) & (table->slots - 1)) {
    struct row *row = row_at(table, i);
    uint64_t found = atomic_load_explicit(&row->hash, memory_order_acquire);
    *is_free = found == 0;
    if (*is_free || (found == hash && same_labels(&row->labels, labels, table->labels))) return row;
  }
}

static void publish(struct row *row, const struct lossd_labels *labels, uint64_t hash) {
  row->labels = *labels;
  atomic_store_explicit(&row->hash, hash, memory_order_release);
}

/* With the table's lock held. */
static struct row *overflow_row(struct lossd_series_table *table) {
  static const struct lossd_labels other = {{"_OTHER", "_OTHER", "_OTHER", "_OTHER"}};
  struct row *row = row_at(table, table->slots);
  if (atomic_load_explicit(&row->hash, memory_order_relaxed) == 0) publish(row, &other, 1);
  return row;
}

static struct row *insert(struct lossd_series_table *table, const struct lossd_labels *labels,
                          uint64_t hash) {
  pthread_mutex_lock(&table->lock);
  bool is_new, full = table->used >= table->slots / 2;
  struct row *row = probe(table, labels, hash, &is_new); /* another thread may have made it meanwhile */
  if (is_new && full) {
    row = overflow_row(table);
    atomic_fetch_add_explicit(&lossd_gauges.overflows, 1, memory_order_relaxed);
  } else if (is_new) {
    publish(row, labels, hash);
    table->used++;
  }
  pthread_mutex_unlock(&table->lock);
  return row;
}

void *lossd_series_find(struct lossd_series_table *table, const struct lossd_labels *labels) {
  uint64_t hash = 0;
  for (int i = 0; i < table->labels; i++) hash = mix(hash, labels->value[i]);
  hash |= (uint64_t)1 << 63; /* 0 means free, 1 the overflow */
  bool is_free;
  struct row *row = probe(table, labels, hash, &is_free);
  return is_free ? insert(table, labels, hash) : row;
}

const void *lossd_series_at(const struct lossd_series_table *table, uint64_t i) {
  struct row *row = row_at(table, i);
  return atomic_load_explicit(&row->hash, memory_order_acquire) ? row : NULL;
}

void lossd_histogram_add(struct lossd_histogram *histogram, const struct lossd_bounds *bounds,
                         uint64_t value) {
  int i = 0;
  while (i < bounds->count && value > bounds->bound[i].most) i++;
  if (i == bounds->count) i = LOSSD_MOST_BUCKETS;
  atomic_fetch_add_explicit(&histogram->bucket[i], 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&histogram->sum, value, memory_order_relaxed);
}
