/* What core/loss.h says of evaluations, and what plans ask of one before anything is laid out: which inputs
 * are there, what their numbers are, whether they can be differentiated. Pure functions of an evaluation,
 * which is borrowed; any thread. */
#ifndef LOSSD_CORE_EVALUATION_H
#define LOSSD_CORE_EVALUATION_H

#include "core/loss.h"

static inline bool lossd_is_present(const struct lossd_evaluation *evaluation, int input) {
  return evaluation->present & 1u << input;
}

/* Where a request names an input, for problems: "/target". */
#define LOSSD_INPUT_POINTER 64
const char *lossd_input_pointer(const struct lossd_loss *loss, int input, char pointer[LOSSD_INPUT_POINTER]);
/* Every input by itself: those that the loss needs are there, their shapes fit in memory, and where classes
 * are due there are integers. LOSSD_OK, or the problem's status. */
int lossd_check_inputs(const struct lossd_evaluation *evaluation, struct lossd_problem *problem);
/* FLOAT64 if any floating tensor is, or if there is none; else FLOAT32. */
enum lossd_dtype lossd_compute_type(const struct lossd_evaluation *evaluation);

#endif
