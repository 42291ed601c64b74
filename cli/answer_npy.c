/* Answers of one tensor as a .npy file: the loss or, where a gradient was asked for, that. */
#include <string.h>

#include "api/packed.h"
#include "cli/commands.h"
#include "cli/npy.h"

struct state {
  struct lossd_packed packed;
  char header[LOSSD_NPY_HEADER];
  size_t length;
};

static int choose(struct lossd_exchange *x, int *chosen) {
  int gradients = 0;
  *chosen = 0;
  for (int i = 0; i < x->output_count; i++)
    if (x->outputs[i].role >= 0) *chosen = i, gradients++;
  if (gradients < 2) return LOSSD_OK;
  lossd_fail(&x->problem, LOSSD_INVALID_REQUEST, NULL,
             "%d gradients are wanted, a .npy file holds one tensor", gradients);
  lossd_hint(&x->problem, "write a .safetensors file");
  return x->problem.status;
}

static int layout(struct lossd_exchange *x) {
  struct state *state = lossd_exchange_alloc(x, sizeof *state, NULL);
  int chosen;
  if (!state || choose(x, &chosen)) return x->problem.status;
  const struct lossd_tensor *tensor = &x->outputs[chosen].tensor;
  x->format_state = state;
  state->packed = (struct lossd_packed){.order = {chosen}, .count = 1};
  state->length = lossd_npy_header(state->header, tensor->dtype, &tensor->shape);
  if (state->length) return lossd_packed_layout(x, &state->packed, state->length);
  lossd_fail(&x->problem, LOSSD_DTYPE_MISMATCH, NULL, "the answer is %s, which .npy has no type for",
             lossd_dtype_name(tensor->dtype));
  lossd_hint(&x->problem, "write a .safetensors file");
  return x->problem.status;
}

static int encode(struct lossd_exchange *x) {
  const struct state *state = x->format_state;
  char *begin = state->packed.data - state->length;
  memcpy(begin, state->header, state->length);
  lossd_packed_finish(x, &state->packed);
  x->answer = begin;
  x->answer_length = state->length + state->packed.bytes;
  return LOSSD_OK;
}

const struct lossd_format lossd_format_npy = {.content_type = "", .layout = layout, .encode = encode};
