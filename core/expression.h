/* Expressions: distances d(a, b) between two vectors of D numbers that users write themselves.
 *
 *   sqrt(sum((a - b)^2) + 1e-12)
 *
 * A text is compiled once a request to a program: steps in the order in which they run, each a number or a
 * vector, each read by later ones alone. core/expression_distance.h runs it over blocks of rows, forwards and
 * backwards.
 *
 * The language (docs/distances.md): vectors a and b; numbers, pi, e, D; + - * / ^ and unary minus, where ^
 * groups from the right and binds tighter than unary minus, and that tighter than * and /; elementwise
 * functions, in which numbers broadcast over vectors; reductions of vectors to a number. The result is a
 * number.
 *
 * Compiling neither loops nor recurses on what the text says; it is bounded by the limits below. The program
 * lives in the arena, is constant afterwards, and any thread may run it. */
#ifndef LOSSD_CORE_EXPRESSION_H
#define LOSSD_CORE_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/problem.h"

#define EXPRESSION_MAX_BYTES 4096
#define EXPRESSION_MAX_NODES 512  /* operands, operators and calls */
#define EXPRESSION_MAX_NESTING 64 /* open parentheses */
/* Numbers in the vectors of one row: what one evaluation may keep at once. */
#define EXPRESSION_MAX_ROW ((int64_t)1 << 22)

enum expression_operation {
#define STEP(symbol, name, arguments, kind) EXPRESSION_##symbol,
#include "core/expression.def"
#undef STEP
  EXPRESSION_OPERATIONS
};

struct expression_step {
  uint8_t operation; /* enum expression_operation */
  bool vector;       /* its value has D numbers, else one */
  bool wanted;       /* the result's derivative by this step is needed */
  /* Of each operand: whether its derivative is wanted, and whether this step is the first to add to it,
   * backwards. */
  bool wants_x, wants_y, first_x, first_y;
  int16_t x, y;    /* the steps it reads; -1: none */
  int16_t slot;    /* its place among the vectors, or among the numbers */
  double constant; /* of CONSTANT */
};

struct lossd_expression {
  int count;            /* of steps; the last one is the result */
  int vectors, numbers; /* slots */
  struct expression_step step[];
};

/* Compiles text for vectors of `length` numbers. LOSSD_OK, or the status of a problem that says what was
 * found, at which column (counted from 1), and what was expected. */
int lossd_expression_compile(const struct lossd_expression **expression, const char *text, size_t text_length,
                             int64_t length, struct lossd_arena *arena, struct lossd_problem *problem);

/* Numbers that the values of a block of `rows` pairs take, or the derivatives by them. */
static inline int64_t lossd_expression_room(const struct lossd_expression *expression, int64_t rows,
                                            int64_t length) {
  return (expression->vectors * length + expression->numbers) * rows;
}

#endif
