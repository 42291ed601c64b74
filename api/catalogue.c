#include "api/catalogue.h"

#include <math.h>
#include <string.h>

static void add(struct lossd_json_text *out, const char *name, const char *value) {
  lossd_json_key(out, name);
  lossd_json_cstring(out, value);
}

static void add_flag(struct lossd_json_text *out, const char *name, bool value) {
  lossd_json_key(out, name);
  lossd_json_bool(out, value);
}

static void add_number(struct lossd_json_text *out, const char *name, double value) {
  lossd_json_key(out, name);
  lossd_json_double(out, value);
}

/* ---- Roles ---- */

static void add_role(struct lossd_json_text *out, const struct lossd_role *role) {
  lossd_json_open(out, '{');
  add(out, "name", role->name);
  add(out, "description", role->description);
  add(out, "shape", role->shape);
  lossd_json_key(out, "dtypes");
  lossd_json_open(out, '[');
  for (int i = 0; i < LOSSD_DTYPES; i++) {
    const bool is_integer = !lossd_dtype_is_floating((enum lossd_dtype)i) && i != LOSSD_BOOL;
    if (role->kind != LOSSD_INDEX || is_integer)
      lossd_json_cstring(out, lossd_dtype_name((enum lossd_dtype)i));
  }
  lossd_json_close(out, ']');
  add_flag(out, "required", !role->optional);
  add_flag(out, "differentiable", role->differentiable);
  lossd_json_close(out, '}');
}

/* ---- Options ---- */

static void add_default(struct lossd_json_text *out, const char *definition,
                        const struct lossd_option *option, double value) {
  lossd_json_key(out, definition);
  switch (option->type) {
  case LOSSD_BOOLEAN: lossd_json_bool(out, value != 0); break;
  case LOSSD_CHOICE: lossd_json_cstring(out, option->choices[(int)value]); break;
  case LOSSD_TEXT: lossd_json_null(out); break;
  case LOSSD_INTEGER:
  case LOSSD_NUMBER: lossd_json_double(out, value); break;
  }
}

static void add_range(struct lossd_json_text *out, const struct lossd_option *option) {
  if (isfinite(option->minimum))
    add_number(out, option->exclusive_minimum ? "exclusiveMinimum" : "minimum", option->minimum);
  if (isfinite(option->maximum)) add_number(out, "maximum", option->maximum);
}

static void add_values(struct lossd_json_text *out, const char *const *choices) {
  lossd_json_key(out, "values");
  lossd_json_open(out, '[');
  for (; *choices; choices++) lossd_json_cstring(out, *choices);
  lossd_json_close(out, ']');
}

static void add_option(struct lossd_json_text *out, const struct lossd_option *option) {
  /* The types' names in JSON Schema. */
  static const char *const types[] = {[LOSSD_BOOLEAN] = "boolean",
                                      [LOSSD_INTEGER] = "integer",
                                      [LOSSD_NUMBER] = "number",
                                      [LOSSD_CHOICE] = "string",
                                      [LOSSD_TEXT] = "string"};
  lossd_json_open(out, '{');
  add(out, "name", option->name);
  add(out, "type", types[option->type]);
  add(out, "description", option->description);
  if (option->type == LOSSD_CHOICE) add_values(out, option->choices);
  if (option->type == LOSSD_INTEGER || option->type == LOSSD_NUMBER) add_range(out, option);
  lossd_json_key(out, "defaults");
  lossd_json_open(out, '{');
  add_default(out, "textbook", option, option->textbook);
  add_default(out, "pytorch", option, option->pytorch);
  lossd_json_close(out, '}');
  lossd_json_close(out, '}');
}

/* ---- Example ---- */

/* Elements of a tensor from *data on, nested by dim. At most three deep. */
static void add_numbers(struct lossd_json_text *out, int rank, const int64_t *dim, const double **data) {
  if (rank == 0) {
    lossd_json_double(out, *(*data)++);
    return;
  }
  lossd_json_open(out, '[');
  for (int64_t i = 0; i < dim[0]; i++) add_numbers(out, rank - 1, dim + 1, data);
  lossd_json_close(out, ']');
}

static const struct lossd_option *find_option(const struct lossd_loss *loss, const char *name) {
  for (int i = 0; i < loss->option_count; i++)
    if (!strcmp(loss->options[i].name, name)) return &loss->options[i];
  return NULL;
}

static void add_setting(struct lossd_json_text *out, const struct lossd_loss *loss, const char *name,
                        const char *choice, double number) {
  const struct lossd_option *option = find_option(loss, name);
  lossd_json_key(out, name);
  if (choice)
    lossd_json_cstring(out, choice);
  else if (option && option->type == LOSSD_BOOLEAN)
    lossd_json_bool(out, number != 0);
  else
    lossd_json_double(out, number);
}

static void add_settings(struct lossd_json_text *out, const struct lossd_loss *loss,
                         const struct lossd_example *example) {
  const size_t count = sizeof example->settings / sizeof example->settings[0];
  if (!example->settings[0].option) return;
  lossd_json_key(out, "options");
  lossd_json_open(out, '{');
  for (size_t i = 0; i < count && example->settings[i].option; i++)
    add_setting(out, loss, example->settings[i].option, example->settings[i].choice,
                example->settings[i].number);
  lossd_json_close(out, '}');
}

void lossd_catalogue_example(struct lossd_json_text *out, const struct lossd_loss *loss) {
  const struct lossd_example *example = &loss->examples[0];
  lossd_json_open(out, '{');
  for (int role = 0; role < loss->role_count; role++) {
    const double *data = example->tensor[role].data;
    if (example->tensor[role].rank < 0) continue;
    lossd_json_key(out, loss->roles[role].name);
    add_numbers(out, example->tensor[role].rank, example->tensor[role].dim, &data);
  }
  add_settings(out, loss, example);
  add_flag(out, "gradients", true);
  lossd_json_close(out, '}');
}

/* ---- Losses ---- */

static void add_loss(struct lossd_json_text *out, const struct lossd_loss *loss) {
  lossd_json_open(out, '{');
  add(out, "name", loss->name);
  add(out, "summary", loss->summary);
  add(out, "formula", loss->formula);
  lossd_json_key(out, "roles");
  lossd_json_open(out, '[');
  for (int i = 0; i < loss->role_count; i++) add_role(out, &loss->roles[i]);
  lossd_json_close(out, ']');
  lossd_json_key(out, "options");
  lossd_json_open(out, '[');
  add_option(out, &lossd_definition);
  for (int i = 0; i < loss->option_count; i++) add_option(out, &loss->options[i]);
  lossd_json_close(out, ']');
  lossd_json_key(out, "example");
  lossd_catalogue_example(out, loss);
  lossd_json_close(out, '}');
}

static const char *finish(const struct lossd_json_text *out, size_t *length) {
  *length = out->length;
  return out->failed ? NULL : out->data;
}

const char *lossd_catalogue(struct lossd_arena *arena, size_t *length) {
  struct lossd_json_text out;
  lossd_json_init(&out, arena, 65536);
  lossd_json_open(&out, '{');
  lossd_json_key(&out, "losses");
  lossd_json_open(&out, '[');
  for (int i = 0; i < lossd_loss_count; i++) add_loss(&out, lossd_losses[i]);
  lossd_json_close(&out, ']');
  lossd_json_close(&out, '}');
  return finish(&out, length);
}

const char *lossd_catalogue_loss(const struct lossd_loss *loss, struct lossd_arena *arena, size_t *length) {
  struct lossd_json_text out;
  lossd_json_init(&out, arena, 8192);
  add_loss(&out, loss);
  return finish(&out, length);
}
