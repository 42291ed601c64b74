/* What stands before, between and behind the numbers of arrays that are nested by shape: part of
 * tensor_text.c, and of number_write_many.c, which is compiled once for each instruction set. Pure functions,
 * any thread; out has room for two brackets a dimension and a comma. */
#ifndef LOSSD_API_JSON_NESTING_H
#define LOSSD_API_JSON_NESTING_H

#include "core/tensor.h"

struct lossd_nesting {
  int rank;
  int64_t elements[LOSSD_MAX_RANK + 1]; /* of one array of each dimension; of a number: 1 */
};

/* Where in a run of elements, in the order of memory, the writer is. */
struct lossd_nesting_run {
  const struct lossd_nesting *nesting;
  int64_t next, end; /* elements */
  int64_t row_end;   /* where the innermost array ends, or the run */
};

static inline struct lossd_nesting lossd_nesting_of(const struct lossd_shape *shape) {
  struct lossd_nesting nesting = {.rank = shape->rank};
  nesting.elements[shape->rank] = 1;
  for (int d = shape->rank; d-- > 0;) nesting.elements[d] = nesting.elements[d + 1] * shape->dim[d];
  return nesting;
}

/* Of the arrays that end or begin between elements i - 1 and i: how many. */
static inline int lossd_nesting_levels(const struct lossd_nesting *nesting, int64_t i) {
  int levels = 0;
  while (levels < nesting->rank && i % nesting->elements[nesting->rank - 1 - levels] == 0) levels++;
  return levels;
}

static inline char *lossd_nesting_repeat(char *out, char bracket, int levels) {
  while (levels-- > 0) *out++ = bracket;
  return out;
}

static inline int64_t lossd_nesting_row(const struct lossd_nesting *nesting) {
  return nesting->elements[nesting->rank > 0 ? nesting->rank - 1 : 0];
}

/* Begins a run of elements: each run opens what begins with it, and closes what ends with it. */
static inline char *lossd_nesting_begin(char *out, struct lossd_nesting_run *run,
                                        const struct lossd_nesting *nesting, int64_t first, int64_t count) {
  const int64_t row = lossd_nesting_row(nesting), left = row - first % row;
  *run = (struct lossd_nesting_run){nesting, first, first + count, first + (left < count ? left : count)};
  if (first) *out++ = ',';
  return lossd_nesting_repeat(out, '[', lossd_nesting_levels(nesting, first));
}

/* After each element. */
static inline char *lossd_nesting_next(char *out, struct lossd_nesting_run *run) {
  if (__builtin_expect(++run->next < run->row_end, 1)) {
    *out++ = ',';
    return out;
  }
  const int levels = lossd_nesting_levels(run->nesting, run->next);
  const int64_t row = lossd_nesting_row(run->nesting), left = run->end - run->next;
  out = lossd_nesting_repeat(out, ']', levels);
  if (!left) return out;
  run->row_end += row < left ? row : left;
  *out++ = ',';
  return lossd_nesting_repeat(out, '[', levels);
}

#endif
