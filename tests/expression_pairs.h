/* Expressions over rows of a and b in a few lines, for tests: distances and gradients straight from the
 * evaluator. */
#ifndef LOSSD_TESTS_EXPRESSION_PAIRS_H
#define LOSSD_TESTS_EXPRESSION_PAIRS_H

#include <stdlib.h>

#include "core/expression_distance.h"
#include "tests/unit.h"

/* Rows (at most DISTANCE_BLOCK) of `length` numbers; a and b belong to the caller, the rest lives in the
 * arena. */
struct pairs {
  struct lossd_arena arena;
  struct lossd_problem problem;
  const struct lossd_expression *expression;
  double value[DISTANCE_BLOCK], *by_a, *by_b;
};

static inline double *pairs_numbers(struct pairs *p, size_t count) {
  double *const numbers = lossd_arena_alloc(&p->arena, count, sizeof *numbers);
  if (!numbers) abort();
  memset(numbers, 0, count * sizeof *numbers);
  return numbers;
}

/* Compiles only. 0, or the problem's status. */
static inline int pairs_compile(struct pairs *p, const char *text, size_t text_length, size_t length) {
  *p = (struct pairs){.expression = NULL};
  lossd_arena_init(&p->arena, NULL);
  return lossd_expression_compile(&p->expression, text, text_length, (int64_t)length, &p->arena, &p->problem);
}

/* Distances of all rows, and their gradients where seed is given. b_pitch 0: one b for all. */
static inline void pairs_run(struct pairs *p, size_t rows, size_t length, const double *a, const double *b,
                             size_t b_pitch, const double *seed) {
  const size_t room = (size_t)lossd_expression_room(p->expression, (int64_t)rows, (int64_t)length);
  const struct distance distance = {.kernel = &expression_distance, .context = p->expression};
  struct distance_block *const block = calloc(1, sizeof *block);
  if (!block) abort();
  *block = (struct distance_block){.distance = &distance, .rows = rows, .length = length, .x = a, .y = b};
  block->x_pitch = length, block->y_pitch = b_pitch;
  block->kept = pairs_numbers(p, room), block->scratch = pairs_numbers(p, room + length);
  p->by_a = pairs_numbers(p, rows * length), p->by_b = pairs_numbers(p, rows * length);
  expression_distance.measure(block);
  if (seed) expression_distance.differentiate(block, seed, p->by_a, p->by_b);
  memcpy(p->value, block->value, rows * sizeof p->value[0]);
  free(block);
}

static inline void pairs_end(struct pairs *p) {
  lossd_arena_reset(&p->arena);
}

/* The distance between two vectors of 3 numbers, for tests that care for the expression alone. */
static inline double pairs_value(const char *text) {
  static const double a[] = {1, 2, 4}, b[] = {3, -1, 0.5};
  struct pairs p;
  if (pairs_compile(&p, text, strlen(text), 3)) fail_msg("%s: %s", text, p.problem.detail);
  pairs_run(&p, 1, 3, a, b, 3, NULL);
  const double value = p.value[0];
  pairs_end(&p);
  return value;
}

#endif
