/* Times the kernels: one line of JSON a loss, the median CPU time of value and gradient by the first role, in
 * float32 on one thread, as PyTorch defines the loss; and of memcpy, for the limit that memory sets.
 *
 *   kernels [--repeat N] [--elements N] [Loss ... | memcpy]
 *
 * Pointwise losses and memcpy run on --elements (1,048,576), row losses on 4096 x 1000, CTCLoss on T=200 N=16
 * C=64 S=30. Inputs follow from each loss's row: the first shapes that its plan accepts, and numbers in the
 * domain that its views name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/plan.h"

#define ROWS 4096
#define CLASSES 1000
#define LABELS 8 /* of a row of MultiLabelMarginLoss */

static int64_t flat = 1 << 20, most = ROWS * CLASSES;

struct bench {
  struct lossd_evaluation evaluation;
  struct lossd_plan plan;
  struct lossd_arena arena;
  struct lossd_problem problem;
  void *buffer[LOSSD_MAX_ROLES], *grad[LOSSD_MAX_ROLES];
  float loss;
};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static struct lossd_shape shape(int rank, int64_t a, int64_t b, int64_t c) {
  return (struct lossd_shape){.rank = rank, .dim = {a, b, c}};
}

/* The shapes of try number `attempt`; false when there are no more. */
static bool take_shapes(struct bench *b, int attempt) {
  const struct lossd_loss *loss = b->evaluation.loss;
  const struct lossd_shape matrix = shape(2, ROWS, CLASSES, 0), rows = shape(1, ROWS, 0, 0),
                           line = shape(1, flat, 0, 0);
  for (int k = 0; k < loss->role_count; k++) {
    const bool last = k == loss->role_count - 1, optional = loss->roles[k].optional;
    struct lossd_tensor *tensor = &b->evaluation.tensor[k];
    switch (attempt) {
    case 0: tensor->shape = matrix; break; /* vectors alike, or pointwise: then flat */
    case 1: tensor->shape = k == 0 ? shape(3, 200, 16, 64) : shape(2, 16, 30, 0); break; /* sequences */
    case 2: tensor->shape = k == 0 ? matrix : rows; break;
    case 3: tensor->shape = last ? rows : matrix; break;
    case 4: tensor->shape = line; break;
    default: return false;
    }
    if (!optional) b->evaluation.present |= 1u << k;
  }
  for (int k = 0; k < loss->role_count; k++) {
    const bool index = lossd_role_kind(&b->evaluation, k) == LOSSD_INDEX;
    if (loss->roles[k].kind == LOSSD_EITHER && !index) return take_shapes(b, attempt + 1);
    b->evaluation.tensor[k].dtype = index ? LOSSD_INT64 : LOSSD_FLOAT32;
    b->evaluation.tensor[k].data = b->buffer[k];
  }
  return true;
}

static double uniform(void) {
  return rand() / (RAND_MAX + 1.0);
}

static float number(enum lossd_domain domain) {
  switch (domain) {
  case LOSSD_NONNEGATIVE: return (float)(0.1 + 2 * uniform());
  case LOSSD_UNIT_INTERVAL: return (float)uniform();
  case LOSSD_PLUS_MINUS_ONE: return rand() % 2 ? 1.0F : -1.0F;
  case LOSSD_ZERO_ONE: return (float)(rand() % 2);
  default: return (float)(6 * uniform() - 3);
  }
}

static void fill(struct bench *b) {
  for (int k = 0; k < b->evaluation.loss->role_count; k++) {
    const bool index = b->evaluation.tensor[k].dtype == LOSSD_INT64;
    const bool lists = b->plan.view[k].domain == LOSSD_LABELS;
    for (int64_t i = 0; i < lossd_shape_count(&b->evaluation.tensor[k].shape); i++) {
      if (index)
        ((int64_t *)b->buffer[k])[i] = lists && i % CLASSES >= LABELS ? -1 : 1 + rand() % 63;
      else
        ((float *)b->buffer[k])[i] = number(b->plan.view[k].domain);
    }
  }
}

static int plan(struct bench *b) {
  lossd_arena_reset(&b->arena);
  b->evaluation.gradients = 1; /* by the first role, as a training step needs it */
  if (lossd_plan_init(&b->plan, &b->evaluation, &b->arena, &b->problem)) return b->problem.status;
  b->plan.loss_data = &b->loss;
  for (int k = 0; k < LOSSD_MAX_ROLES; k++)
    b->plan.grad[k] = b->evaluation.gradients & 1u << k ? b->grad[k] : NULL;
  return 0;
}

/* Finds shapes that the loss takes. */
static bool prepare(struct bench *b) {
  for (int attempt = 0; take_shapes(b, attempt); attempt++) {
    for (int64_t i = 0; i < ROWS * CLASSES; i++) ((int64_t *)b->buffer[1])[i] = 1;
    if (plan(b)) continue;
    if (b->plan.pointwise && attempt < 4) {
      take_shapes(b, 4);
      if (plan(b)) continue;
    }
    fill(b);
    return !plan(b);
  }
  return false;
}

static double once(struct bench *b, void *scratch) {
  const double start = now();
  for (size_t i = 0; i < b->plan.slices; i++) lossd_run(&b->plan, i, scratch);
  if (lossd_finish(&b->plan, &b->problem)) {
    fprintf(stderr, "%s: %s\n", b->plan.loss->name, b->problem.detail);
    exit(1);
  }
  return now() - start;
}

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void report(const char *name, double *times, int repeat, int64_t elements) {
  qsort(times, (size_t)repeat, sizeof *times, compare);
  printf("{\"loss\": \"%s\", \"instruction_set\": \"%s\", \"elements\": %lld, \"ms\": %.4f, "
         "\"ns_per_element\": %.4f}\n",
         name, lossd_instruction_set(), (long long)elements, times[repeat / 2] * 1e3,
         times[repeat / 2] * 1e9 / (double)elements);
}

/* Copies 4-byte elements. */
static void measure_memcpy(const struct bench *b, int repeat) {
  double *times = malloc((size_t)repeat * sizeof *times);
  const size_t bytes = (size_t)flat * sizeof(float);
  memset(b->buffer[0], 1, bytes);
  memcpy(b->grad[0], b->buffer[0], bytes);
  for (int i = 0; i < repeat; i++) {
    const double start = now();
    memcpy(b->grad[0], b->buffer[0], bytes);
    __asm__ volatile("" : : "r"(b->grad[0]) : "memory");
    times[i] = now() - start;
  }
  report("memcpy", times, repeat, flat);
  free(times);
}

static void measure(struct bench *b, const struct lossd_loss *loss, int repeat) {
  double *times = malloc((size_t)repeat * sizeof *times);
  b->evaluation = (struct lossd_evaluation){.loss = loss, .max_elements = INT64_MAX};
  lossd_options_init(&b->evaluation.options, loss);
  const struct lossd_value pytorch = {.type = LOSSD_VALUE_STRING, .string = "pytorch", .length = 7};
  lossd_options_set(&b->evaluation.options, "definition", 10, &pytorch, &b->problem);
  lossd_options_finish(&b->evaluation.options);
  if (!prepare(b)) {
    fprintf(stderr, "%s: no shapes found: %s\n", loss->name, b->problem.detail);
    exit(1);
  }
  void *scratch = aligned_alloc(64, (b->plan.scratch_bytes + 63) / 64 * 64);
  once(b, scratch);
  for (int i = 0; i < repeat; i++) times[i] = once(b, scratch);
  report(loss->name, times, repeat, b->plan.elements);
  free(scratch);
  free(times);
}

static bool is_chosen(int argc, char **argv, int first, const char *name) {
  bool chosen = first >= argc;
  for (int k = first; k < argc; k++) chosen |= !strcmp(argv[k], name);
  return chosen;
}

int main(int argc, char **argv) {
  struct bench b = {0};
  int repeat = 9, first = 1;
  for (; first + 1 < argc && !strncmp(argv[first], "--", 2); first += 2) {
    if (!strcmp(argv[first], "--repeat")) repeat = atoi(argv[first + 1]);
    if (!strcmp(argv[first], "--elements")) flat = atoll(argv[first + 1]);
  }
  if (getenv("LOSSD_INSTRUCTION_SET") && !lossd_force_instruction_set(getenv("LOSSD_INSTRUCTION_SET")))
    return 2;
  if (flat > most) most = flat;
  lossd_arena_init(&b.arena, NULL);
  for (int k = 0; k < LOSSD_MAX_ROLES; k++) {
    b.buffer[k] = aligned_alloc(64, ((size_t)most * sizeof(int64_t) + 63) & ~(size_t)63);
    b.grad[k] = aligned_alloc(64, ((size_t)most * sizeof(float) + 63) & ~(size_t)63);
  }
  if (is_chosen(argc, argv, first, "memcpy")) measure_memcpy(&b, repeat);
  for (int i = 0; i < lossd_loss_count; i++)
    if (is_chosen(argc, argv, first, lossd_losses[i]->name)) measure(&b, lossd_losses[i], repeat);
  lossd_arena_reset(&b.arena);
  return 0;
}
