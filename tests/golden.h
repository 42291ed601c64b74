/* Golden vectors: reads a case of tests/golden/(pytorch, textbook)/(loss).jsonl into an
 * evaluation of core. */
#ifndef LOSSD_TESTS_GOLDEN_H
#define LOSSD_TESTS_GOLDEN_H

#include <cjson/cJSON.h>

#include "tests/evaluate.h"
#include "tests/unit.h"

/* A number, or a quoted NaN, Infinity or -Infinity. */
static inline double golden_number(const cJSON *item) {
  if (cJSON_IsString(item)) return strtod(item->valuestring, NULL);
  if (cJSON_IsBool(item)) return cJSON_IsTrue(item);
  assert_true(cJSON_IsNumber(item));
  return item->valuedouble;
}

struct golden_tensor {
  struct lossd_shape shape;
  double *data; /* lives in the arena */
  int64_t count;
};

static inline void golden_fill(const cJSON *item, double **to) {
  if (!cJSON_IsArray(item)) {
    *(*to)++ = golden_number(item);
    return;
  }
  for (const cJSON *child = item->child; child; child = child->next) golden_fill(child, to);
}

/* A tensor in either of its JSON forms. */
static inline struct golden_tensor golden_tensor(const cJSON *item, struct lossd_arena *arena) {
  struct golden_tensor tensor = {.shape = {.rank = 0}};
  const cJSON *shape = cJSON_GetObjectItemCaseSensitive(item, "shape");
  const cJSON *data = cJSON_IsObject(item) ? cJSON_GetObjectItemCaseSensitive(item, "data") : item;
  for (const cJSON *d = shape ? shape->child : NULL; d; d = d->next)
    tensor.shape.dim[tensor.shape.rank++] = (int64_t)d->valuedouble;
  for (const cJSON *a = data; !shape && cJSON_IsArray(a); a = a->child)
    tensor.shape.dim[tensor.shape.rank++] = cJSON_GetArraySize(a);
  tensor.count = lossd_shape_count(&tensor.shape);
  double *to = tensor.data = lossd_arena_alloc(arena, (size_t)tensor.count, sizeof(double));
  golden_fill(data, &to);
  assert_int_equal(to - tensor.data, tensor.count);
  return tensor;
}

static inline void golden_options(struct evaluate *t, const cJSON *options) {
  for (const cJSON *o = options ? options->child : NULL; o; o = o->next) {
    struct lossd_value value = {.type = LOSSD_VALUE_NUMBER, .number = o->valuedouble};
    if (cJSON_IsBool(o))
      value = (struct lossd_value){.type = LOSSD_VALUE_BOOLEAN, .number = cJSON_IsTrue(o)};
    else if (cJSON_IsString(o) && !strcmp(o->valuestring, "Infinity"))
      value.number = INFINITY;
    else if (cJSON_IsString(o))
      value = (struct lossd_value){LOSSD_VALUE_STRING, 0, o->valuestring, strlen(o->valuestring)};
    if (lossd_options_set(&t->evaluation.options, o->string, strlen(o->string), &value, &t->problem))
      fail_msg("option %s: %s", o->string, t->problem.detail);
  }
  lossd_options_finish(&t->evaluation.options);
}

/* As float64, of which golden_indices then makes integers where they are due. */
static inline void golden_input(struct evaluate *t, int input, const cJSON *item) {
  struct golden_tensor tensor = golden_tensor(item, &t->arena);
  evaluate_tensor(t, input, LOSSD_FLOAT64, tensor.shape, tensor.data);
}

static inline void golden_indices(struct evaluate *t, int input) {
  struct lossd_tensor *tensor = &t->evaluation.tensor[input];
  const int64_t count = lossd_shape_count(&tensor->shape);
  int64_t *index = lossd_arena_alloc(&t->arena, (size_t)count, sizeof *index);
  for (int64_t i = 0; i < count; i++) index[i] = (int64_t)((const double *)tensor->data)[i];
  tensor->data = index;
  tensor->dtype = LOSSD_INT64;
}

static inline bool golden_is_integer(const cJSON *item) {
  const cJSON *dtype = cJSON_GetObjectItemCaseSensitive(item, "dtype");
  return dtype && !strstr(dtype->valuestring, "float");
}

/* The whole request, ready to run; gradients as it asks. */
static inline void golden_request(struct evaluate *t, const char *loss, const cJSON *request) {
  evaluate_begin(t, loss);
  golden_options(t, cJSON_GetObjectItemCaseSensitive(request, "options"));
  for (const cJSON *m = request->child; m; m = m->next) {
    const int input = lossd_input_find(t->evaluation.loss, m->string, strlen(m->string));
    if (input >= 0) golden_input(t, input, m);
  }
  for (int k = 0; k < LOSSD_INPUTS; k++) {
    if (!(t->evaluation.present & 1u << k)) continue;
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(request, lossd_input_name(t->evaluation.loss, k));
    if (lossd_role_kind(&t->evaluation, k) == LOSSD_INDEX || golden_is_integer(m)) golden_indices(t, k);
  }
  const cJSON *gradients = cJSON_GetObjectItemCaseSensitive(request, "gradients");
  if (cJSON_IsTrue(gradients)) t->evaluation.gradients = lossd_all_gradients(&t->evaluation);
  for (const cJSON *g = cJSON_IsArray(gradients) ? gradients->child : NULL; g; g = g->next)
    if (lossd_want_gradient(&t->evaluation, g->valuestring, strlen(g->valuestring), "/gradients",
                            &t->problem))
      fail_msg("%s", t->problem.detail);
}

/* The lines of a file, each a case. Calls visit(case, context) for each; returns how many there were. */
typedef void golden_visit(const cJSON *item, void *context);
static inline int golden_each(const char *set, const char *loss, golden_visit *visit, void *context) {
  char path[512], *line = NULL;
  size_t size = 0;
  int cases = 0;
  snprintf(path, sizeof path, "%s/tests/golden/%s/%s.jsonl", LOSSD_SOURCE_DIR, set, loss);
  FILE *file = fopen(path, "r");
  if (!file) return 0;
  while (getline(&line, &size, file) > 0) {
    cJSON *item = cJSON_Parse(line);
    if (!item) fail_msg("%s: line %d is not JSON", path, cases + 1);
    visit(item, context);
    cJSON_Delete(item);
    cases++;
  }
  free(line);
  fclose(file);
  return cases;
}

#endif
