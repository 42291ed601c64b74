/* Open Inference outputs: their names, and answers: JSON that names the outputs, and behind it the bytes of
 * those that were asked for in binary. Its length is known only when its numbers are written, so there is
 * room for the longest, and the answer begins where the JSON, moved against the tensors, begins. */
#include "api/formats/open_inference.h"

#include <stdio.h>
#include <string.h>

#include "api/dtype_name.h"
#include "api/json_inputs.h"
#include "api/json_text.h"
#include "api/json_value.h"
#include "api/tensor_text.h"
#include "core/row.h"

/* ---- Names ---- */

static const char *const fixed_outputs[LOSSD_OUTPUT_GRADIENTS] = {"loss", "numerator", "denominator"};

static int unknown_output(struct lossd_exchange *x, const char *name, size_t length, const char *pointer) {
  const struct lossd_evaluation *e = &x->evaluation;
  const unsigned gradients = lossd_all_gradients(e);
  const char *known[LOSSD_MAX_OUTPUTS];
  char names[LOSSD_MAX_ROLES][64], quoted[LOSSD_QUOTE_TEXT];
  size_t count = 0;
  for (; count < LOSSD_OUTPUT_GRADIENTS; count++) known[count] = fixed_outputs[count];
  for (int role = 0; role < e->loss->role_count; role++) {
    if (!(gradients & 1u << role)) continue;
    snprintf(names[role], sizeof names[role], "grad.%s", e->loss->roles[role].name);
    known[count++] = names[role];
  }
  lossd_fail(&x->problem, LOSSD_BAD_REQUEST, pointer, "there is no output \"%s\"",
             lossd_quote(name, length, quoted));
  const char *nearest = lossd_nearest(name, length, known, count);
  if (nearest)
    lossd_hint(&x->problem, "did you mean %s?", nearest);
  else
    lossd_hint(&x->problem, "ask for loss, numerator, denominator or grad.<input>");
  return x->problem.status;
}

static int want_gradient(struct lossd_exchange *x, const char *name, size_t length, const char *pointer,
                         int *output) {
  if (lossd_want_gradient(&x->evaluation, name, length, pointer, &x->problem))
    return x->problem.status = LOSSD_BAD_REQUEST; /* with what core says of it */
  *output = LOSSD_OUTPUT_GRADIENTS + lossd_input_find(x->evaluation.loss, name, length);
  return LOSSD_OK;
}

int lossd_open_inference_output(struct lossd_exchange *x, const char *name, size_t length,
                                const char *pointer, int *output) {
  const bool reduced = x->evaluation.options.value[LOSSD_REDUCTION] != LOSSD_NONE;
  for (*output = 0; *output < LOSSD_OUTPUT_GRADIENTS; ++*output)
    if (lossd_is_named(fixed_outputs[*output], name, length)) break;
  if (*output == LOSSD_OUTPUT_LOSS || (*output < LOSSD_OUTPUT_GRADIENTS && reduced)) return LOSSD_OK;
  if (*output < LOSSD_OUTPUT_GRADIENTS) {
    lossd_fail(&x->problem, LOSSD_BAD_REQUEST, pointer, "there is no %s where reduction is none",
               fixed_outputs[*output]);
    lossd_hint(&x->problem, "ask for loss, or set reduction to mean or sum");
    return x->problem.status;
  }
  if (length > 5 && !memcmp(name, "grad.", 5)) return want_gradient(x, name + 5, length - 5, pointer, output);
  return unknown_output(x, name, length, pointer);
}

/* ---- Answers ---- */

/* Room for model, version and a longest id, each byte of which may be escaped; for all of one output but its
 * data. */
#define FRAME 2048
#define OUTPUT_FRAME 512

/* The output wished for, in x->outputs; the reader made sure that it is there. */
static int index_of(const struct lossd_exchange *x, int output) {
  if (output < LOSSD_OUTPUT_GRADIENTS) return output;
  for (int i = 0; i < x->output_count; i++)
    if (x->outputs[i].role == output - LOSSD_OUTPUT_GRADIENTS) return i;
  return 0;
}

/* Which outputs are given, in which order, and how. */
static void choose_outputs(const struct lossd_exchange *x, struct lossd_open_inference *state) {
  const bool all = !state->wishes;
  if (all) state->wishes = x->output_count;
  for (int i = 0; i < state->wishes; i++) {
    if (all) state->wish[i].binary = state->binary;
    state->index[i] = all ? i : index_of(x, state->wish[i].output);
    if (state->wish[i].binary) state->packed.order[state->packed.count++] = state->index[i];
  }
}

static int layout(struct lossd_exchange *x) {
  struct lossd_open_inference *state = x->format_state;
  choose_outputs(x, state);
  state->header_room = FRAME;
  for (int i = 0; i < state->wishes; i++) {
    size_t bound = OUTPUT_FRAME;
    if (!state->wish[i].binary) bound += lossd_tensor_text_bound(&x->outputs[state->index[i]].tensor);
    if (bound < OUTPUT_FRAME || __builtin_add_overflow(state->header_room, bound, &state->header_room))
      state->header_room = SIZE_MAX / 4;
  }
  return lossd_packed_layout(x, &state->packed, state->header_room);
}

static void add_text(struct lossd_json_text *out, const char *name, const char *value, size_t length) {
  lossd_json_key(out, name);
  lossd_json_string(out, value, length);
}

static bool add_output(struct lossd_exchange *x, struct lossd_json_text *out, int index, bool binary) {
  const struct lossd_tensor *tensor = &x->outputs[index].tensor;
  const char *datatype = lossd_spelled_dtype(LOSSD_SPELLED_OPEN_INFERENCE, tensor->dtype);
  bool done = true;
  lossd_json_open(out, '{');
  add_text(out, "name", x->outputs[index].name, strlen(x->outputs[index].name));
  add_text(out, "datatype", datatype, strlen(datatype));
  lossd_json_key(out, "shape");
  lossd_json_open(out, '[');
  for (int i = 0; i < tensor->shape.rank; i++) lossd_json_integer(out, tensor->shape.dim[i]);
  lossd_json_close(out, ']');
  if (binary) {
    lossd_json_key(out, "parameters");
    lossd_json_open(out, '{');
    lossd_json_key(out, "binary_data_size");
    lossd_json_integer(out, (int64_t)lossd_exchange_output_bytes(x, index));
    lossd_json_close(out, '}');
  } else {
    lossd_json_key(out, "data");
    done = lossd_tensor_text(out, tensor, true, x->cancelled);
  }
  lossd_json_close(out, '}');
  return done;
}

static int write_header(struct lossd_exchange *x, struct lossd_json_text *out) {
  const struct lossd_open_inference *state = x->format_state;
  const struct lossd_loss *loss = x->evaluation.loss;
  bool done = true;
  lossd_json_open(out, '{');
  add_text(out, "model_name", loss->name, strlen(loss->name));
  add_text(out, "model_version", "1", 1);
  if (x->id) add_text(out, "id", x->id, x->id_length);
  lossd_json_key(out, "outputs");
  lossd_json_open(out, '[');
  for (int i = 0; done && i < state->wishes; i++)
    done = add_output(x, out, state->index[i], state->wish[i].binary);
  lossd_json_close(out, ']');
  lossd_json_close(out, '}');
  if (!done) return lossd_fail_cancelled(&x->problem);
  if (out->failed || out->length > state->header_room)
    return lossd_fail(&x->problem, LOSSD_OUT_OF_MEMORY, NULL, "no memory for the answer");
  return LOSSD_OK;
}

static int encode(struct lossd_exchange *x) {
  struct lossd_open_inference *state = x->format_state;
  struct lossd_json_text out;
  lossd_json_init(&out, x->arena, state->header_room);
  out.data = state->packed.data - state->header_room;
  if (write_header(x, &out)) return x->problem.status;
  char *begin = out.data;
  if (state->packed.count) {
    begin = state->packed.data - out.length;
    memmove(begin, out.data, out.length);
    lossd_packed_finish(x, &state->packed);
    snprintf(state->header_length, sizeof state->header_length, "%zu", out.length);
    x->headers[x->header_count++] =
        (struct lossd_header){"Inference-Header-Content-Length", state->header_length};
    x->content_type = "application/octet-stream";
  }
  x->answer = begin;
  x->answer_length = out.length + state->packed.bytes;
  return LOSSD_OK;
}

const struct lossd_format lossd_format_open_inference = {
    .content_type = "application/json",
    .errors = LOSSD_ERROR_OPEN_INFERENCE,
    .decode = lossd_open_inference_decode,
    .locate = lossd_open_inference_locate,
    .read = lossd_json_read_piece,
    .layout = layout,
    .encode = encode,
};
