/* What CTCLoss's plan (core/ctc.c, compiled once) leaves for its kernel (core/losses/ctc.c, compiled in each
 * variant): lengths and labels, checked. They live in the plan's arena. Included by these two alone. */
#ifndef LOSSD_CORE_CTC_H
#define LOSSD_CORE_CTC_H

#include "core/plan.h"

enum { REDUCTION, INPUT_KIND, BLANK, ZERO_INFINITY, MEAN_BY_TARGET_LENGTH, CTC_GRADIENT, OPTIONS };
enum { INPUT, TARGET, INPUT_LENGTHS, TARGET_LENGTHS };
enum { KIND_LOG_PROBABILITIES, KIND_PROBABILITIES, KIND_LOGITS };
enum { EXACT, LOG_SOFTMAX };

/* The batch, as plan found it. */
struct ctc_batch {
  int64_t frames, count, classes, longest; /* T, N, C and the longest target */
  int64_t *labels;                         /* of all targets, one after another */
  int64_t *first;                          /* of each target in labels; count + 1 of them */
  int64_t padded;                          /* from one target to the next in the role; 0: concatenated */
  int64_t *input_length;
};

/* Sets rows, the view of input, elements and context, which becomes the batch, but for the labels; or says
 * what does not fit. */
int lossd_ctc_plan(struct lossd_plan *plan, struct lossd_problem *problem);
/* Copies the labels within the target lengths of sequences that are not left out, and checks them. */
int lossd_ctc_take_labels(struct lossd_plan *plan, struct lossd_problem *problem);

#endif
