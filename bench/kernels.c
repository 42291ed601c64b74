/* Times the kernels: one line of JSON a loss, nanoseconds an element of value and gradient in float32 on one
 * thread.
 *
 *   kernels [--repeat N] [Loss ...]
 *
 * Pointwise losses run on 1,048,576 elements, row losses on 4096 x 1000, CTCLoss on T=200 N=16 C=64 S=30.
 * Inputs follow from each loss's row: the first shapes that its plan accepts, and numbers in the domain that
 * its views name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/plan.h"

#define ROWS 4096
#define CLASSES 1000
#define FLAT (1 << 20)
#define MOST (ROWS * CLASSES)

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
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static struct lossd_shape shape(int rank, int64_t a, int64_t b, int64_t c) {
  return (struct lossd_shape){.rank = rank, .dim = {a, b, c}};
}

/* The shapes of try number `attempt`; false when there are no more. */
static bool take_shapes(struct bench *b, int attempt) {
  const struct lossd_loss *loss = b->evaluation.loss;
  const struct lossd_shape matrix = shape(2, ROWS, CLASSES, 0), rows = shape(1, ROWS, 0, 0),
                           flat = shape(1, FLAT, 0, 0);
  for (int k = 0; k < loss->role_count; k++) {
    const bool last = k == loss->role_count - 1, optional = loss->roles[k].optional;
    struct lossd_tensor *tensor = &b->evaluation.tensor[k];
    switch (attempt) {
    case 0: tensor->shape = matrix; break; /* vectors alike, or pointwise: then flat */
    case 1: tensor->shape = k == 0 ? shape(3, 200, 16, 64) : shape(2, 16, 30, 0); break; /* sequences */
    case 2: tensor->shape = k == 0 ? matrix : rows; break;
    case 3: tensor->shape = last ? rows : matrix; break;
    case 4: tensor->shape = flat; break;
    default: return false;
    }
    if (!optional) b->evaluation.present |= 1u << k;
  }
  for (int k = 0; k < loss->role_count; k++) {
    const bool index = lossd_role_kind(&b->evaluation, k) == LOSSD_INDEX;
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
    for (int i = 0; i < MOST; i++) {
      if (index)
        ((int64_t *)b->buffer[k])[i] = 1 + rand() % 63;
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
    memset(b->buffer[1], 0, MOST * sizeof(int64_t));
    for (int i = 0; i < MOST; i++) ((int64_t *)b->buffer[1])[i] = 1;
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

static void measure(struct bench *b, const struct lossd_loss *loss, int repeat) {
  double *times = malloc((size_t)repeat * sizeof *times);
  b->evaluation = (struct lossd_evaluation){.loss = loss, .max_elements = INT64_MAX};
  lossd_options_init(&b->evaluation.options, loss);
  lossd_options_finish(&b->evaluation.options);
  if (!prepare(b)) {
    fprintf(stderr, "%s: no shapes found: %s\n", loss->name, b->problem.detail);
    exit(1);
  }
  void *scratch = aligned_alloc(64, (b->plan.scratch_bytes + 63) / 64 * 64);
  once(b, scratch);
  for (int i = 0; i < repeat; i++) times[i] = once(b, scratch);
  qsort(times, (size_t)repeat, sizeof *times, compare);
  printf("{\"loss\": \"%s\", \"instruction_set\": \"%s\", \"elements\": %lld, \"ms\": %.4f, "
         "\"ns_per_element\": %.3f}\n",
         loss->name, lossd_instruction_set(), (long long)b->plan.elements, times[repeat / 2] * 1e3,
         times[repeat / 2] * 1e9 / (double)b->plan.elements);
  free(scratch);
  free(times);
}

int main(int argc, char **argv) {
  struct bench b = {0};
  int repeat = 9, first = 1;
  if (argc > 2 && !strcmp(argv[1], "--repeat")) repeat = atoi(argv[2]), first = 3;
  if (getenv("LOSSD_INSTRUCTION_SET") && !lossd_force_instruction_set(getenv("LOSSD_INSTRUCTION_SET")))
    return 2;
  lossd_arena_init(&b.arena, NULL);
  for (int k = 0; k < LOSSD_MAX_ROLES; k++) {
    b.buffer[k] = aligned_alloc(64, MOST * sizeof(int64_t));
    b.grad[k] = aligned_alloc(64, MOST * sizeof(float));
  }
  for (int i = 0; i < lossd_loss_count; i++) {
    bool chosen = first >= argc;
    for (int k = first; k < argc; k++) chosen |= !strcmp(argv[k], lossd_losses[i]->name);
    if (chosen) measure(&b, lossd_losses[i], repeat);
  }
  lossd_arena_reset(&b.arena);
  return 0;
}
