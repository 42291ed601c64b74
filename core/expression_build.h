/* Building programs: a step at a time, in the order in which they run. For core/expression.c.
 *
 * Steps are numbers from 0 up. One that exists already is not made again; what depends on constants alone is
 * computed at once; a number that meets a vector is broadcast; whole powers up to 4 become multiplications.
 *
 * A program is the caller's, zeroed, with room for EXPRESSION_STEPS_A_NODE steps for each
 * node; one thread. */
#ifndef LOSSD_CORE_EXPRESSION_BUILD_H
#define LOSSD_CORE_EXPRESSION_BUILD_H

#include "core/expression.h"

/* A node makes two steps at most: itself, and a broadcast of an operand or a second multiplication. */
#define EXPRESSION_STEPS_A_NODE 2

int lossd_expression_constant(struct lossd_expression *program, double constant);
/* A vector: VECTOR_A or VECTOR_B. */
int lossd_expression_vector(struct lossd_expression *program, enum expression_operation which);
/* An operator or an elementwise function of one (y = -1) or two steps. */
int lossd_expression_elementwise(struct lossd_expression *program, enum expression_operation operation, int x,
                                 int y);
/* A reduction of one (y = -1) or two vectors. */
int lossd_expression_reduction(struct lossd_expression *program, enum expression_operation operation, int x,
                               int y);
/* Keeps what the result needs, in the same order, and says where values lie and which
 * derivatives are wanted. */
void lossd_expression_complete(struct lossd_expression *program, int result);

#endif
