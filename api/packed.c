#include "api/packed.h"

#include <string.h>

#define LARGEST_ELEMENT 8

/* Where the plan wants to know the buffer of an output; NULL for numbers that the plan holds itself. */
static void **place_of(struct lossd_exchange *x, int index) {
  const int role = x->outputs[index].role;
  if (role >= 0) return &x->plan.grad[role];
  return index == 0 ? &x->plan.loss_data : NULL;
}

static bool is_aligned(const struct lossd_exchange *x, int index, size_t at) {
  return at % lossd_dtype_size(x->outputs[index].tensor.dtype) == 0;
}

/* Bytes that would have to be copied if the first tensor began at `at`. */
static size_t misaligned_bytes(struct lossd_exchange *x, const struct lossd_packed *packed, size_t at) {
  size_t misaligned = 0;
  for (int i = 0; i < packed->count; i++) {
    const size_t bytes = lossd_exchange_output_bytes(x, packed->order[i]);
    if (place_of(x, packed->order[i]) && !is_aligned(x, packed->order[i], at)) misaligned += bytes;
    at += bytes;
  }
  return misaligned;
}

/* How far beyond an aligned place the first tensor begins. */
static size_t best_shift(struct lossd_exchange *x, const struct lossd_packed *packed) {
  size_t best = 0, fewest = SIZE_MAX;
  for (size_t shift = 0; shift < LARGEST_ELEMENT; shift++) {
    const size_t misaligned = misaligned_bytes(x, packed, shift);
    if (misaligned < fewest) best = shift, fewest = misaligned;
  }
  return best;
}

static int place_apart(struct lossd_exchange *x, int index) {
  void **place = place_of(x, index);
  if (!place || *place) return LOSSD_OK;
  *place = lossd_exchange_alloc(x, lossd_exchange_output_bytes(x, index), NULL);
  return *place ? LOSSD_OK : x->problem.status;
}

int lossd_packed_layout(struct lossd_exchange *x, struct lossd_packed *packed, size_t front) {
  size_t whole = front;
  packed->bytes = 0;
  for (int i = 0; i < packed->count; i++) {
    const size_t bytes = lossd_exchange_output_bytes(x, packed->order[i]);
    if (__builtin_add_overflow(whole, bytes, &whole) || whole > SIZE_MAX / 2) whole = SIZE_MAX / 2;
    packed->bytes += bytes;
  }
  char *buffer = lossd_exchange_alloc(x, whole + 2 * LARGEST_ELEMENT, NULL);
  if (!buffer) return x->problem.status;
  front = (front + LARGEST_ELEMENT - 1) / LARGEST_ELEMENT * LARGEST_ELEMENT;
  packed->data = buffer + front + best_shift(x, packed);
  char *to = packed->data;
  for (int i = 0; i < packed->count; i++) {
    const int index = packed->order[i];
    void **place = place_of(x, index);
    if (place && is_aligned(x, index, (uintptr_t)to)) *place = to;
    to += lossd_exchange_output_bytes(x, index);
  }
  for (int i = 0; i < x->output_count; i++)
    if (place_apart(x, i)) return x->problem.status;
  return LOSSD_OK;
}

void lossd_packed_finish(const struct lossd_exchange *x, const struct lossd_packed *packed) {
  char *to = packed->data;
  for (int i = 0; i < packed->count; i++) {
    const struct lossd_output *output = &x->outputs[packed->order[i]];
    const size_t bytes = lossd_exchange_output_bytes(x, packed->order[i]);
    if (to != output->tensor.data && bytes) memcpy(to, output->tensor.data, bytes);
    to += bytes;
  }
}
