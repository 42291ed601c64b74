/* CTCLoss: l = -log P(y | x), P summed over all alignments of the labels y, with blanks between, to the
 * frames of x (Graves, Fernandez, Gomez, Schmidhuber 2006: "Connectionist temporal classification").
 *
 * States are the labels with a blank before, between and after. With p_t(s) the probability that frame t
 * emits what state s stands for, arrive_t(s) the sum of alpha_{t-1}(s') over the states s' that lead to s:
 * itself, the one before, and the label before the blank before where the labels differ alpha_t(s) =
 * arrive_t(s) p_t(s) beta_t(s)  = sum of beta_{t+1}(s') p_{t+1}(s') over the states s' that s leads to P =
 * sum_s alpha_t(s) beta_t(s) for every t. The posterior of state s at frame t is arrive p beta / P; for
 * input_kind probabilities the frame's own emission is left out, so that p = 0 has its true derivative.
 *
 * Probabilities are scaled numbers (core/scaled.h), each with its own exponent: no alignment is lost however
 * improbable, no exponential is taken but of the emissions, and P errs by few units in the last place a
 * frame, however small it is. Where P is within 1/2 and 2 the loss is what its digits leave out: then it is
 * computed in logarithms.
 *
 * dl/dx_tk: log_probabilities: minus the posteriors of the states that emit k (ctc_gradient exact), or
 * exp(x_tk) minus them (log_softmax: what PyTorch returns, the gradient by the logits). logits: softmax minus
 * them. Frames past the input length: 0. An impossible alignment: l = +inf, gradient NaN; with zero_infinity
 * both 0, and it stays in the denominator.
 *
 * Always in double. Deviations from PyTorch: labels are checked; zero_infinity and input length 0 as above.
 */
#include "core/ctc.h"
#include "core/classes.h"
#include "core/pointwise.h"
#include "core/scaled.h"

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

/* The same number in every frame of [from, to). */
static void flat_gradient(const struct sequence *q, int64_t from, int64_t to, real value) {
  fill(q->grad, (size_t)q->batch->classes, value);
  for (int64_t t = from; t < to; t++) store_gradient(q, t);
}

/* Probabilities within [0, 1] in the frames that are read. */
static bool check_frames(const struct sequence *q, struct lossd_partial *partial) {
  const struct ctc_batch *b = q->batch;
  const struct lossd_view *view = &q->plan->view[INPUT];
  for (int64_t t = 0; t < q->frames && view->domain != LOSSD_ANY; t++) {
    const int64_t at = (t * b->count + q->row) * b->classes;
    load_run(view->dtype, view->data + at * (int64_t)lossd_dtype_size(view->dtype), 1, (size_t)b->classes,
             q->frame);
    for (int64_t k = 0; k < b->classes; k++) {
      if (!(q->frame[k] < 0 || q->frame[k] > 1)) continue;
      *partial =
          (struct lossd_partial){{0, 0}, INPUT, q->row, t * b->count * b->classes + k, (double)q->frame[k]};
      return false;
    }
  }
  return true;
}

static size_t aligned(size_t count) {
  return (count * sizeof(real) + 63) & ~(size_t)63;
}

static size_t width_of(int64_t length) {
  return ((size_t)length + 1 + PAD - 1) / PAD * PAD;
}

/* Scratch: skip, ten arrays of states with margins, frame, grad, and the arrivals. */
enum { STATE_ARRAYS = 11 };

static size_t scratch_bytes(const struct ctc_batch *b, bool gradient) {
  const size_t width = width_of(b->longest), frames = gradient && b->frames ? (size_t)b->frames : 1;
  return STATE_ARRAYS * aligned(width + 2 * PAD) + 2 * aligned((size_t)b->classes) +
         aligned(4 * width * frames);
}

static real *cut(char **scratch, size_t count) {
  real *piece = (real *)(void *)*scratch;
  *scratch += aligned(count);
  return piece;
}

static struct states cut_states(char **scratch, size_t width) {
  real *m = cut(scratch, width + 2 * PAD) + PAD;
  return (struct states){m, cut(scratch, width + 2 * PAD) + PAD};
}

static struct sequence begin_sequence(const struct lossd_plan *plan, int64_t row, char *scratch) {
  const struct ctc_batch *b = plan->private;
  struct sequence q = {.plan = plan, .batch = b, .row = row, .frames = b->input_length[row]};
  q.labels = b->labels + b->first[row];
  q.length = (size_t)(b->first[row + 1] - b->first[row]);
  q.width = width_of((int64_t)q.length);
  q.skip = cut(&scratch, q.width + 2 * PAD);
  q.blank = cut_states(&scratch, q.width);
  q.label = cut_states(&scratch, q.width);
  q.at_blank = cut_states(&scratch, q.width);
  q.at_label = cut_states(&scratch, q.width);
  q.emit = cut_states(&scratch, q.width);
  q.frame = cut(&scratch, (size_t)b->classes);
  q.grad = cut(&scratch, (size_t)b->classes);
  q.arrive = cut(&scratch, 0);
  return q;
}

static double common_input(const struct lossd_plan *plan, int input, int64_t row) {
  const struct lossd_view *view = &plan->view[input];
  struct position p;
  position_set(plan, &p, row);
  real value = 1;
  if (view->length)
    load_run(view->dtype, view->data + view_offset(plan, view, &p) * (int64_t)lossd_dtype_size(view->dtype),
             1, 1, &value);
  return (double)value;
}

/* The weight of a sequence in a mean over targets of different lengths. */
static double length_factor(const struct sequence *q) {
  const int64_t length = (int64_t)q->length;
  const bool mean = q->plan->option[REDUCTION] == LOSSD_MEAN && q->plan->option[MEAN_BY_TARGET_LENGTH] != 0;
  return mean && length > 1 ? 1 / (double)length : 1;
}

static void write_gradient(struct sequence *q, double loss, double weight) {
  const double scale =
      weight * common_input(q->plan, LOSSD_GRAD_OUTPUT, q->row) * q->plan->scale * length_factor(q);
  const bool silent =
      (loss == INFINITY && q->plan->option[ZERO_INFINITY] != 0) || q->plan->scale == 0 || weight == 0;
  if (silent)
    flat_gradient(q, 0, q->frames, 0);
  else if (isfinite(loss))
    backward(q, (real)scale);
  else
    flat_gradient(q, 0, q->frames, REAL_NAN);
  flat_gradient(q, q->frames, q->batch->frames, 0);
}

/* One sequence a slice. */
static void run(const struct lossd_plan *plan, size_t slice, void *scratch) {
  struct sequence q = begin_sequence(plan, (int64_t)slice, scratch);
  struct lossd_partial *partial = &plan->partial[slice];
  const double weight = common_input(plan, LOSSD_SAMPLE_WEIGHT, q.row);
  const bool gradient = plan->grad[INPUT] != NULL;
  double loss = 0;
  *partial = (struct lossd_partial){.bad_input = -1};
  if (weight != 0) {
    if (!check_frames(&q, partial)) return;
    set_skips(&q);
    forward(&q, gradient);
    const bool near_one = q.probability.e == 0 || q.probability.e == -1;
    loss = -(double)(near_one && q.frames ? log_probability(&q) : scaled_log(q.probability));
  }
  if (gradient) write_gradient(&q, loss, weight);
  if (loss == INFINITY && plan->option[ZERO_INFINITY] != 0) loss = 0;
  const real weighed = canonical((real)(weight == 0 ? 0 : loss * weight + 0.0));
  if (plan->reduced)
    lossd_sum2_add(&partial->numerator, (double)weighed * length_factor(&q));
  else
    store_run(plan->compute, (char *)plan->loss_data + q.row * (int64_t)lossd_dtype_size(plan->compute), 1, 1,
              &weighed);
}
LOSS_KERNEL_RUN(CTCLoss, run, NULL);

/* Planning
 * ------------------------------------------------------------------------------------------------------ */

static int prepare(struct lossd_plan *p, struct lossd_problem *problem) {
  (void)problem;
  p->slices = (size_t)p->row_count;
  p->slice_rows = 1;
  p->scratch_bytes = scratch_bytes(p->private, p->evaluation->gradients != 0);
  return LOSSD_OK;
}

static int plan(struct lossd_plan *p, struct lossd_problem *problem) {
  p->wide = true;
  p->prepare = prepare;
  return lossd_ctc_plan(p, problem);
}

static const char *const input_kinds[] = {"log_probabilities", "probabilities", "logits", NULL};
static const char *const ctc_gradients[] = {"exact", "log_softmax", NULL};

static const struct lossd_option options[OPTIONS] = {
    [REDUCTION] = OPTION_REDUCTION(LOSSD_MEAN, LOSSD_MEAN),
    [INPUT_KIND] =
        {.name = "input_kind",
         .type = LOSSD_CHOICE,
         .choices = input_kinds,
         .description =
             "What input holds: log-probabilities, probabilities, or logits (softmax is applied)."},
    [BLANK] = {.name = "blank",
               .type = LOSSD_INTEGER,
               .minimum = 0,
               .maximum = 0x1p53,
               .description = "The class that stands for no label."},
    [ZERO_INFINITY] = {.name = "zero_infinity",
                       .type = LOSSD_BOOLEAN,
                       .description =
                           "Make infinite losses, of targets that cannot be aligned, and their gradients 0."},
    [MEAN_BY_TARGET_LENGTH] = {.name = "mean_by_target_length",
                               .type = LOSSD_BOOLEAN,
                               .textbook = 0,
                               .pytorch = 1,
                               .description =
                                   "Under reduction mean, divide each loss by its target's length."},
    [CTC_GRADIENT] = {.name = "ctc_gradient",
                      .type = LOSSD_CHOICE,
                      .choices = ctc_gradients,
                      .textbook = EXACT,
                      .pytorch = LOG_SOFTMAX,
                      .description =
                          "For log_probabilities: the exact partial derivative, or PyTorch's, which presumes "
                          "that input came out of a log_softmax."},
};

/* Two frames of even odds, one label: its alignments are "1 1", "- 1" and "1 -", 3 in 4. */
static const struct lossd_example examples[2] = {
    {.tensor = {{2, {2, 2}, {0.5, 0.5, 0.5, 0.5}}, {1, {1}, {1}}, {-1, {0}, {0}}, {-1, {0}, {0}}},
     .settings = {{.option = "input_kind", .choice = "probabilities"}},
     .loss = 0.28768207245178092744, /* log(4 / 3) */
     .gradient = {-0.66666666666666666667, -1.3333333333333333333, -0.66666666666666666667,
                  -1.3333333333333333333}},
    {.tensor = {{2, {1, 2}, {0, 0}}, {1, {1}, {1}}, {-1, {0}, {0}}, {-1, {0}, {0}}},
     .settings = {{.option = "input_kind", .choice = "logits"}},
     .loss = 0.69314718055994530942, /* log 2 */
     .gradient = {0.5, -0.5}},
};

LOSS_ROW(CTCLoss) = {
    .name = "CTCLoss",
    .summary = "Connectionist temporal classification: how likely a sequence of labels is under all its "
               "alignments to "
               "the frames of input.",
    .formula = "\\ell = -\\log P(y \\mid x) = -\\log \\sum_{\\text{alignments } a} \\prod_t p_t(a_t)",
    .roles = {{"input", "log-probabilities x of each class in each frame", "(T, N, C) or (T, C)",
               LOSSD_FLOATING, .differentiable = true},
              {"target", "labels, without blanks", "(N, S), (S), or all targets in one row",
               .kind = LOSSD_INDEX},
              {"input_lengths", "frames of each sequence", "(N) or ()", LOSSD_INDEX, .optional = true},
              {"target_lengths", "labels of each sequence", "(N) or ()", LOSSD_INDEX, .optional = true}},
    .role_count = 4,
    .options = options,
    .option_count = OPTIONS,
    .examples = examples,
    .cost = 12,
    .plan = plan,
};
