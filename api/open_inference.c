#include "api/open_inference.h"

#include <stdio.h>

#include "api/json_text.h"

static void add(struct lossd_json_text *out, const char *name, const char *value) {
  lossd_json_key(out, name);
  lossd_json_cstring(out, value);
}

static void begin_list(struct lossd_json_text *out, const char *name) {
  lossd_json_key(out, name);
  lossd_json_open(out, '[');
}

static void add_tensor(struct lossd_json_text *out, const char *name, const char *datatype, bool scalar) {
  lossd_json_open(out, '{');
  add(out, "name", name);
  add(out, "datatype", datatype);
  begin_list(out, "shape");
  if (!scalar) lossd_json_integer(out, -1);
  lossd_json_close(out, ']');
  lossd_json_close(out, '}');
}

static void add_inputs(struct lossd_json_text *out, const struct lossd_loss *loss) {
  begin_list(out, "inputs");
  for (int i = 0; i < loss->role_count; i++)
    add_tensor(out, loss->roles[i].name, loss->roles[i].kind == LOSSD_FLOATING ? "FP32" : "INT64", false);
  add_tensor(out, lossd_input_name(loss, LOSSD_SAMPLE_WEIGHT), "FP32", false);
  add_tensor(out, lossd_input_name(loss, LOSSD_GRAD_OUTPUT), "FP32", false);
  lossd_json_close(out, ']');
}

static void add_outputs(struct lossd_json_text *out, const struct lossd_loss *loss) {
  begin_list(out, "outputs");
  add_tensor(out, "loss", "FP32", false);
  add_tensor(out, "numerator", "FP64", true);
  add_tensor(out, "denominator", "FP64", true);
  for (int i = 0; i < loss->role_count; i++) {
    char name[64];
    if (!loss->roles[i].differentiable) continue;
    snprintf(name, sizeof name, "grad.%s", loss->roles[i].name);
    add_tensor(out, name, "FP32", false);
  }
  lossd_json_close(out, ']');
}

static const char *finish(struct lossd_json_text *out, size_t *length) {
  lossd_json_close(out, '}');
  *length = out->length;
  return out->failed ? NULL : out->data;
}

const char *lossd_open_inference_server(struct lossd_arena *arena, size_t *length) {
  struct lossd_json_text out;
  lossd_json_init(&out, arena, 256);
  lossd_json_open(&out, '{');
  add(&out, "name", "lossd");
  add(&out, "version", LOSSD_VERSION);
  begin_list(&out, "extensions");
  lossd_json_cstring(&out, "binary_tensor_data");
  lossd_json_close(&out, ']');
  return finish(&out, length);
}

const char *lossd_open_inference_model(const struct lossd_loss *loss, struct lossd_arena *arena,
                                       size_t *length) {
  struct lossd_json_text out;
  lossd_json_init(&out, arena, 2048);
  lossd_json_open(&out, '{');
  add(&out, "name", loss->name);
  begin_list(&out, "versions");
  lossd_json_cstring(&out, "1");
  lossd_json_close(&out, ']');
  add(&out, "platform", "lossd");
  add_inputs(&out, loss);
  add_outputs(&out, loss);
  return finish(&out, length);
}
