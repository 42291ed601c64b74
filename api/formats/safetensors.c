/* application/vnd.safetensors: tensors named as the loss's roles, options in the query. Tensors are used
 * where they lie in the body; the answer's are computed where they will lie, behind a header whose length is
 * known before anything is computed. */
#include <stdio.h>
#include <string.h>

#include "api/binary_input.h"
#include "api/dtype_name.h"
#include "api/formats/safetensors_header.h"
#include "api/json_text.h"
#include "api/packed.h"
#include "api/query.h"

#define LENGTH_BYTES 8
#define ALIGNMENT 8

/* ---- Decode ---- */

static int take_tensor(struct lossd_exchange *x, const struct lossd_safetensors *file,
                       const struct lossd_safetensors_entry *entry) {
  struct lossd_evaluation *e = &x->evaluation;
  const int input = lossd_input_find(e->loss, entry->name, entry->name_length);
  char pointer[64];
  if (input < 0) return lossd_unknown_input(x, entry->name, entry->name_length);
  snprintf(pointer, sizeof pointer, "/%s", lossd_input_name(e->loss, input));
  e->present |= 1u << input;
  return lossd_safetensors_tensor(x, file, entry, pointer, &e->tensor[input]);
}

static int decode_file(struct lossd_exchange *x, struct lossd_safetensors *file) {
  struct lossd_query query;
  if (lossd_safetensors_read(x, file) || lossd_query_parse(x, &query)) return x->problem.status;
  for (size_t i = 0; i < file->count; i++)
    if (take_tensor(x, file, &file->entry[i])) return x->problem.status;
  if (lossd_query_settings(x, &query, false)) return x->problem.status;
  return lossd_query_gradients(x, &query);
}

static int decode(struct lossd_exchange *x) {
  struct lossd_safetensors file;
  decode_file(x, &file);
  lossd_safetensors_free(&file);
  return x->problem.status;
}

/* ---- Encode ---- */

/* Larger elements first, so that all are aligned. */
static void sort_outputs(const struct lossd_exchange *x, struct lossd_packed *packed) {
  packed->count = 0;
  for (size_t size = ALIGNMENT; size > 0; size /= 2)
    for (int i = 0; i < x->output_count; i++)
      if (lossd_dtype_size(x->outputs[i].tensor.dtype) == size) packed->order[packed->count++] = i;
}

static void add_entry(struct lossd_json_text *out, const struct lossd_output *output, size_t begin,
                      size_t end) {
  lossd_json_key(out, output->name);
  lossd_json_open(out, '{');
  lossd_json_key(out, "dtype");
  lossd_json_cstring(out, lossd_spelled_dtype(LOSSD_SPELLED_SAFETENSORS, output->tensor.dtype));
  lossd_json_key(out, "shape");
  lossd_json_open(out, '[');
  for (int i = 0; i < output->tensor.shape.rank; i++) lossd_json_integer(out, output->tensor.shape.dim[i]);
  lossd_json_close(out, ']');
  lossd_json_key(out, "data_offsets");
  lossd_json_open(out, '[');
  lossd_json_integer(out, (int64_t)begin);
  lossd_json_integer(out, (int64_t)end);
  lossd_json_close(out, ']');
  lossd_json_close(out, '}');
}

static void add_metadata(struct lossd_json_text *out, const struct lossd_exchange *x) {
  lossd_json_key(out, "__metadata__");
  lossd_json_open(out, '{');
  lossd_json_key(out, "id");
  lossd_json_string(out, x->id, x->id_length);
  lossd_json_close(out, '}');
}

/* The header, its length in front, padded with spaces so that the data after it is aligned. */
static int write_header(struct lossd_exchange *x, const struct lossd_packed *packed,
                        struct lossd_json_text *out) {
  size_t begin = 0;
  lossd_json_init(out, x->arena, 1024);
  lossd_json_raw(out, "\0\0\0\0\0\0\0[", LENGTH_BYTES); /* '[': no comma comes next */
  lossd_json_open(out, '{');
  if (x->id) add_metadata(out, x);
  for (int i = 0; i < packed->count; i++) {
    const size_t end = begin + lossd_exchange_output_bytes(x, packed->order[i]);
    add_entry(out, &x->outputs[packed->order[i]], begin, end);
    begin = end;
  }
  lossd_json_close(out, '}');
  lossd_json_raw(out, "        ", (ALIGNMENT - out->length % ALIGNMENT) % ALIGNMENT);
  if (out->failed) return lossd_fail(&x->problem, LOSSD_OUT_OF_MEMORY, NULL, "no memory for the answer");
  for (int i = 0; i < LENGTH_BYTES; i++) out->data[i] = (char)((out->length - LENGTH_BYTES) >> (8 * i));
  return LOSSD_OK;
}

struct state {
  struct lossd_packed packed;
  struct lossd_json_text header;
};

static int layout(struct lossd_exchange *x) {
  struct state *state = lossd_exchange_alloc(x, sizeof *state, NULL);
  if (!state) return x->problem.status;
  x->format_state = state;
  sort_outputs(x, &state->packed);
  if (write_header(x, &state->packed, &state->header)) return x->problem.status;
  return lossd_packed_layout(x, &state->packed, state->header.length);
}

static int encode(struct lossd_exchange *x) {
  const struct state *state = x->format_state;
  char *begin = state->packed.data - state->header.length;
  memcpy(begin, state->header.data, state->header.length);
  lossd_packed_finish(x, &state->packed);
  x->answer = begin;
  x->answer_length = state->header.length + state->packed.bytes;
  return LOSSD_OK;
}

const struct lossd_format lossd_format_safetensors = {
    .content_type = "application/vnd.safetensors",
    .alias = "application/x-safetensors",
    .decode = decode,
    .layout = layout,
    .encode = encode,
};
