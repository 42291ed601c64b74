/* The header of a safetensors file, read strictly: https://github.com/huggingface/safetensors, "Format".
 *
 * Everything in it is checked before anything of it is used: names, types, shapes and offsets, and that the
 * tensors fill the data from its first byte to its last, in some order, without holes or overlaps. Memory is
 * the exchange's arena; the JSON belongs to the header until lossd_safetensors_free. One thread at a time. */
#ifndef LOSSD_API_FORMATS_SAFETENSORS_HEADER_H
#define LOSSD_API_FORMATS_SAFETENSORS_HEADER_H

#include "api/exchange.h"
#include "api/json_scan.h"

struct lossd_safetensors_entry {
  const char *name, *dtype; /* not NUL-terminated */
  size_t name_length, dtype_length;
  struct lossd_shape shape;
  int64_t rank; /* of the shape; beyond LOSSD_MAX_RANK, shape is not set */
  int64_t begin, end;
};

struct lossd_safetensors {
  struct lossd_json json;
  struct lossd_safetensors_entry *entry; /* in the order of the header */
  size_t count;
  const char *data;
};

/* Reads x->body. Problems: BAD_SAFETENSORS, and those of the JSON scanner but BAD_JSON.
 * lossd_safetensors_free is due in any case. */
int lossd_safetensors_read(struct lossd_exchange *x, struct lossd_safetensors *file);
/* An entry as a tensor, used where it lies. pointer names what it is for, in problems: DTYPE_MISMATCH,
 * INVALID_SHAPE. */
int lossd_safetensors_tensor(struct lossd_exchange *x, const struct lossd_safetensors *file,
                             const struct lossd_safetensors_entry *entry, const char *pointer,
                             struct lossd_tensor *tensor);
void lossd_safetensors_free(struct lossd_safetensors *file);

#endif
