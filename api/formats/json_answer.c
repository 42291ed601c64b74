#include "api/formats/json_answer.h"

#include "api/tensor_text.h"

/* Room for names, brackets and a longest id, each byte of which may be escaped. */
#define FRAME 2048

/* The text's buffer is taken before anything is computed, from an upper bound: what is not written is never
 * touched. */
int lossd_json_layout(struct lossd_exchange *x) {
  size_t bound = FRAME;
  if (lossd_exchange_layout(x)) return x->problem.status;
  for (int i = 0; i < x->output_count; i++)
    if (__builtin_add_overflow(bound, lossd_tensor_text_bound(&x->outputs[i].tensor), &bound))
      bound = SIZE_MAX;
  x->format_state = lossd_exchange_alloc(x, bound, NULL);
  x->format_state_bytes = bound;
  return x->problem.status;
}

static bool add_outputs(struct lossd_exchange *x, struct lossd_json_text *out) {
  bool in_gradients = false;
  for (int i = 0; i < x->output_count; i++) {
    const struct lossd_output *output = &x->outputs[i];
    if (output->role >= 0 && !in_gradients) {
      in_gradients = true;
      lossd_json_key(out, "gradients");
      lossd_json_open(out, '{');
    }
    lossd_json_key(out, output->role >= 0 ? x->evaluation.loss->roles[output->role].name : output->name);
    if (!lossd_tensor_text(out, &output->tensor, false, x->cancelled)) return false;
  }
  if (in_gradients) lossd_json_close(out, '}');
  return true;
}

int lossd_json_encode(struct lossd_exchange *x) {
  struct lossd_json_text out;
  lossd_json_init(&out, x->arena, x->format_state_bytes);
  out.data = x->format_state;
  lossd_json_open(&out, '{');
  if (!add_outputs(x, &out))
    return lossd_fail(&x->problem, LOSSD_CANCELLED, NULL, "nobody waits for the answer any more");
  if (x->id) {
    lossd_json_key(&out, "id");
    lossd_json_string(&out, x->id, x->id_length);
  }
  lossd_json_close(&out, '}');
  if (out.failed) return lossd_fail(&x->problem, LOSSD_OUT_OF_MEMORY, NULL, "no memory for the answer");
  x->answer = out.data;
  x->answer_length = out.length;
  return LOSSD_OK;
}
