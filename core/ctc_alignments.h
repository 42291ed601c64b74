/* The alignments of one sequence of CTCLoss: their probability and its derivatives (Graves, Fernandez, Gomez,
 * Schmidhuber 2006). Part of core/losses/ctc.c, compiled in each variant.
 *
 * States are the labels with a blank before, between and after. With p_t(s) the probability that frame t
 * emits what state s stands for:
 * - arrive_t(s) = sum of alpha_{t-1}(s') over the states s' that lead to s: itself, the one before, and the
 *   label before the blank before where the labels differ
 * - alpha_t(s) = arrive_t(s) p_t(s)
 * - beta_t(s) = sum of beta_{t+1}(s') p_{t+1}(s') over the states s' that s leads to
 * - P = sum of alpha_t(s) beta_t(s) over s, for every t
 *
 * The posterior of state s at frame t is arrive p beta / P; for input_kind probabilities the frame's own
 * emission is left out, so that p = 0 has its true derivative.
 *
 * Probabilities are scaled numbers (core/scaled.h), each with its own exponent: no alignment is lost however
 * improbable, no exponential is taken but of the emissions, and P errs by few units in the last place a
 * frame, however small it is. Where P is within 1/2 and 2 the loss is what its digits leave out: then it is
 * computed in logarithms.
 *
 * Memory is scratch of the slice. */
#ifndef LOSSD_CORE_CTC_ALIGNMENTS_H
#define LOSSD_CORE_CTC_ALIGNMENTS_H

#include "core/ctc.h"
#include "core/pointwise.h"
#include "core/scaled.h"
#include "core/softmax.h"

/* Arrays of states are a multiple of this long, with as many more on either side. */
enum { PAD = 8 };

/* Scaled numbers of labels, or of blanks: blank i stands before label i. Those beyond the last are 0. */
struct states {
  real *m, *e;
};

/* One sequence at work. */
struct sequence {
  const struct lossd_plan *plan;
  const struct ctc_batch *batch;
  int64_t row, frames;
  size_t length, width; /* labels; length of arrays of states */
  const int64_t *labels;
  real *skip;                       /* 0 where label i may follow label i - 1 without a blank, else -inf */
  struct states blank, label;       /* of one frame: alpha, later beta times emission of the frame after */
  struct states at_blank, at_label; /* of one frame: beta */
  struct states emit;               /* of the labels in one frame */
  struct scaled emit_blank;
  real *arrive;       /* of all frames, when gradients are wanted, else of one: four arrays each */
  real *frame, *grad; /* classes of one frame */
  struct scaled probability;
};

/* log(exp a + exp b + exp c). By masks and inlined, so that loops over states vectorise. */
LOSSD_INLINE real log_add(real a, real b, real c) {
  const real low = real_least(a, b), high = real_most(a, b);
  const real top = real_most(high, c), middle = real_most(low, real_least(high, c)),
             bottom = real_least(low, c);
  const real from = real_zero_if(top == -REAL_INFINITY, top);
  return top + real_log1p(real_exp_neg_abs(middle - from) + real_exp_neg_abs(bottom - from));
}

static void fill(real *x, size_t n, real value) {
  for (size_t i = 0; i < n; i++) x[i] = value;
}

LOSSD_INLINE struct scaled state(struct states x, size_t i) {
  return (struct scaled){x.m[i], x.e[i]};
}
LOSSD_INLINE void set_state(struct states x, size_t i, struct scaled value) {
  x.m[i] = value.m, x.e[i] = value.e;
}

/* Makes an array of states, its margins included, 0. */
static void clear_states(struct states x, size_t width) {
  fill(x.m - PAD, width + 2 * PAD, 1);
  fill(x.e - PAD, width + 2 * PAD, -REAL_INFINITY);
}

/* Frame t as log probabilities; input_kind probabilities as they are unless `logs`. */
static void load_frame(const struct sequence *q, int64_t t, bool logs) {
  const struct ctc_batch *b = q->batch;
  const struct lossd_view *view = &q->plan->view[INPUT];
  const int64_t at = (t * b->count + q->row) * b->classes;
  const size_t classes = (size_t)b->classes;
  real *x = q->frame;
  load_run(view->dtype, view->data + at * (int64_t)lossd_dtype_size(view->dtype), 1, classes, x);
  switch ((int)q->plan->option[INPUT_KIND]) {
  case KIND_PROBABILITIES:
    for (size_t k = 0; logs && k < classes; k++) x[k] = real_log(x[k]);
    break;
  case KIND_LOGITS: {
    const struct softmax s = softmax(x, classes, q->grad);
    const real log_sum = (real)softmax_log_sum(&s);
    for (size_t k = 0; k < classes; k++) x[k] = (x[k] - s.maximum) - log_sum;
    break;
  }
  default: break;
  }
}

static size_t blank_class(const struct sequence *q) {
  return (size_t)q->plan->option[BLANK];
}

static void load_emissions(struct sequence *q, int64_t t) {
  const size_t width = q->width;
  real *restrict m = q->emit.m, *restrict e = q->emit.e;
  load_frame(q, t, false);
  for (size_t i = 0; i < q->length; i++) m[i] = q->frame[q->labels[i]];
  if (q->plan->option[INPUT_KIND] == KIND_PROBABILITIES) {
    fill(m + q->length, width - q->length, 0);
    LOSSD_INDEPENDENT
    for (size_t i = 0; i < width; i++) set_state((struct states){m, e}, i, scaled_from(m[i]));
    q->emit_blank = scaled_from(q->frame[blank_class(q)]);
  } else {
    fill(m + q->length, width - q->length, -REAL_INFINITY);
    LOSSD_INDEPENDENT
    for (size_t i = 0; i < width; i++) set_state((struct states){m, e}, i, scaled_exp(m[i]));
    q->emit_blank = scaled_exp(q->frame[blank_class(q)]);
  }
}

static void set_skips(const struct sequence *q) {
  fill(q->skip, q->width + PAD, -REAL_INFINITY);
  for (size_t i = 1; i < q->length; i++)
    if (q->labels[i] != q->labels[i - 1]) q->skip[i] = 0;
}

/* Where the arrivals of frame t are kept. */
static void arrivals(const struct sequence *q, int64_t t, struct states *blank, struct states *label) {
  real *x = q->arrive + (size_t)t * 4 * q->width;
  *blank = (struct states){x, x + q->width};
  *label = (struct states){x + 2 * q->width, x + 3 * q->width};
}

/* Sums over the states that lead to each. */
static void arrive(const struct sequence *q, struct states to_blank, struct states to_label) {
  const struct states blank = q->blank, label = q->label;
  const real *skip = q->skip;
  LOSSD_INDEPENDENT
  for (size_t i = 0; i < q->width; i++) {
    const struct scaled b = state(blank, i), l = state(label, i),
                        before = state((struct states){label.m - 1, label.e - 1}, i);
    set_state(to_blank, i, scaled_add(b, before));
    set_state(to_label, i, scaled_add3(l, b, (struct scaled){before.m, before.e + skip[i]}));
  }
}

/* q->blank and q->label = the states times their emissions. */
static void emit(const struct sequence *q, struct states blank, struct states label) {
  const struct states to_blank = q->blank, to_label = q->label, by = q->emit;
  const struct scaled by_blank = q->emit_blank;
  LOSSD_INDEPENDENT
  for (size_t i = 0; i < q->width; i++) {
    set_state(to_blank, i, scaled_normalise(scaled_multiply(state(blank, i), by_blank)));
    set_state(to_label, i, scaled_normalise(scaled_multiply(state(label, i), state(by, i))));
  }
}

/* Sets probability and, when `keep`, the arrivals of every frame. */
static void forward(struct sequence *q, bool keep) {
  struct states blank, label;
  clear_states(q->blank, q->width);
  clear_states(q->label, q->width);
  for (int64_t t = 0; t < q->frames; t++) {
    arrivals(q, keep ? t : 0, &blank, &label);
    if (t > 0) {
      arrive(q, blank, label);
    } else {
      fill(blank.m, 4 * q->width, 1);
      fill(blank.e, q->width, -REAL_INFINITY);
      fill(label.e, q->width, -REAL_INFINITY);
      blank.e[0] = label.e[0] = 0;
    }
    load_emissions(q, t);
    emit(q, blank, label);
  }
  if (!q->frames)
    q->probability = q->length ? SCALED_ZERO : (struct scaled){1, 0};
  else
    q->probability = scaled_normalise(
        scaled_add(state(q->blank, q->length), q->length ? state(q->label, q->length - 1) : SCALED_ZERO));
}

/* The same in logarithms, which lose no digits of a probability near 1. */
static real log_probability(struct sequence *q) {
  real *blank = q->blank.m, *label = q->label.m, *next_blank = q->blank.e, *next_label = q->label.e;
  const real *skip = q->skip;
  fill(blank - PAD, q->width + 2 * PAD, -REAL_INFINITY);
  fill(label - PAD, q->width + 2 * PAD, -REAL_INFINITY);
  fill(next_label - PAD, PAD, -REAL_INFINITY);
  fill(q->emit.m, q->width, -REAL_INFINITY);
  for (int64_t t = 0; t < q->frames; t++) {
    load_frame(q, t, true);
    const real by_blank = q->frame[blank_class(q)];
    real *by = q->emit.m;
    for (size_t i = 0; i < q->length; i++) by[i] = q->frame[q->labels[i]];
    LOSSD_INDEPENDENT
    for (size_t i = 0; i < q->width; i++) {
      const real b = blank[i], l = label[i], before = (label - 1)[i];
      next_blank[i] = by_blank + (t ? log_add(b, before, -REAL_INFINITY) : i ? -REAL_INFINITY : 0);
      next_label[i] = by[i] + (t ? log_add(l, b, before + skip[i]) : i ? -REAL_INFINITY : 0);
    }
    real *const was_blank = blank, *const was_label = label;
    blank = next_blank, label = next_label, next_blank = was_blank, next_label = was_label;
  }
  return log_add(blank[q->length], q->length ? label[q->length - 1] : -REAL_INFINITY, -REAL_INFINITY);
}

static char *gradient_at(const struct sequence *q, int64_t t) {
  const int64_t at = (t * q->batch->count + q->row) * q->batch->classes;
  return (char *)q->plan->grad[INPUT] + at * (int64_t)lossd_dtype_size(q->plan->view[INPUT].dtype);
}

static void store_gradient(const struct sequence *q, int64_t t) {
  store_run(q->plan->view[INPUT].dtype, gradient_at(q, t), 1, (size_t)q->batch->classes, q->grad);
}

/* m[i] = arrive x emission x beta / P of each state, or without the emission; e is used up. */
LOSSD_INLINE void posteriors(const struct sequence *q, struct states arrive, struct states beta,
                             struct states by, bool labels, bool own) {
  const struct scaled p = q->probability, by_blank = q->emit_blank;
  const real inverse = 1 / p.m;
  LOSSD_INDEPENDENT
  for (size_t i = 0; i < q->width; i++) {
    struct scaled x = scaled_multiply(state(arrive, i), state(beta, i));
    if (own) x = scaled_multiply(x, labels ? state(by, i) : by_blank);
    const real e = x.e - p.e;
    arrive.m[i] = real_select(e == e, x.m * inverse * scaled_power(e), e);
  }
}

/* grad = scale x (what the kind adds - the posteriors of the states that emit each class). */
static void frame_gradient(const struct sequence *q, const real *blank, const real *label, real scale) {
  const size_t classes = (size_t)q->batch->classes;
  const int kind = (int)q->plan->option[INPUT_KIND];
  const bool softmaxed =
      kind == KIND_LOGITS || (kind == KIND_LOG_PROBABILITIES && q->plan->option[CTC_GRADIENT] == LOG_SOFTMAX);
  if (softmaxed)
    for (size_t k = 0; k < classes; k++) q->grad[k] = real_exp(q->frame[k]);
  else
    fill(q->grad, classes, 0);
  q->grad[blank_class(q)] -= (real)sum_real(blank, q->length + 1);
  for (size_t i = 0; i < q->length; i++) q->grad[q->labels[i]] -= label[i];
  for (size_t k = 0; k < classes; k++) q->grad[k] *= scale;
}

/* Sums over the states that each leads to. */
static void leave(const struct sequence *q, struct states to_blank, struct states to_label) {
  const struct states blank = q->blank, label = q->label;
  const real *skip = q->skip + 1;
  LOSSD_INDEPENDENT
  for (size_t i = 0; i < q->width; i++) {
    const struct scaled b = state(blank, i), l = state(label, i),
                        after = state((struct states){blank.m + 1, blank.e + 1}, i),
                        over = state((struct states){label.m + 1, label.e + 1}, i);
    set_state(to_blank, i, scaled_add(b, l));
    set_state(to_label, i, scaled_add3(l, after, (struct scaled){over.m, over.e + skip[i]}));
  }
}

/* From the last frame to the first. */
static void backward(struct sequence *q, real scale) {
  const bool own = q->plan->option[INPUT_KIND] != KIND_PROBABILITIES;
  struct states blank, label, at_blank = q->at_blank, at_label = q->at_label;
  clear_states(q->blank, q->width);
  clear_states(q->label, q->width);
  clear_states(at_blank, q->width);
  clear_states(at_label, q->width);
  at_blank.e[q->length] = 0;
  if (q->length) at_label.e[q->length - 1] = 0;
  for (int64_t t = q->frames - 1; t >= 0; t--) {
    if (t < q->frames - 1) leave(q, at_blank, at_label);
    load_emissions(q, t);
    arrivals(q, t, &blank, &label);
    if (own) {
      posteriors(q, blank, at_blank, q->emit, false, true);
      posteriors(q, label, at_label, q->emit, true, true);
    } else {
      posteriors(q, blank, at_blank, q->emit, false, false);
      posteriors(q, label, at_label, q->emit, true, false);
    }
    frame_gradient(q, blank.m, label.m, scale);
    store_gradient(q, t);
    emit(q, at_blank, at_label);
  }
}

#endif
