/* CTCLoss: l = -log P(y | x), P summed over all alignments of the labels y, with blanks between, to the
 * frames of x (Graves, Fernandez, Gomez, Schmidhuber 2006: "Connectionist temporal classification").
 *
 * States s = 0..2S are the labels with a blank before, between and after: state s emits the blank where s is
 * even. With e_t(s) the log probability that frame t emits state s, arrive_t(s) = log sum of
 * exp(alpha_{t-1}(s')) over s' = s, s-1, and s-2 where the labels differ alpha_t(s)  = arrive_t(s) + e_t(s)
 *   beta_t(s)   = log sum of exp(beta_{t+1}(s') + e_{t+1}(s')) over the states s' that s leads to
 *   P = sum_s exp(alpha_t(s) + beta_t(s)) for every t.
 * The posterior of state s at frame t is exp(arrive + e + beta - log P); for input_kind probabilities the
 * frame's own emission is left out, so that p = 0 has its true derivative.
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

/* One sequence at work. Arrays of states have two more in front, which are never reached. */
struct sequence {
  const struct lossd_plan *plan;
  const struct ctc_batch *batch;
  int64_t row, frames;
  size_t states;
  const int64_t *labels;
  real *skip;         /* 0 where state s may follow s - 2, else -inf */
  real *alpha, *next; /* of one frame */
  real *arrive;       /* of all frames, when gradients are wanted, else of one */
  real *emit;         /* of one frame */
  real *frame, *grad; /* classes of one frame */
  real log_probability;
};

/* real_max and real_min by masks. */
LOSSD_INLINE real real_most(real x, real y) {
  return real_select((x > y) | (x != x), x, y);
}
LOSSD_INLINE real real_least(real x, real y) {
  return real_select((x < y) | (x != x), x, y);
}

/* log(exp a + exp b + exp c). By masks and inlined, so that loops over states vectorise. */
LOSSD_INLINE real log_add(real a, real b, real c) {
  const real low = real_least(a, b), high = real_most(a, b);
  const real top = real_most(high, c), middle = real_most(low, real_least(high, c)),
             bottom = real_least(low, c);
  const real from = real_zero_if(top == -REAL_INFINITY, top);
  return top + real_log1p(real_exp_neg_abs(middle - from) + real_exp_neg_abs(bottom - from));
}

/* to[s] = log_add(x[s], y[s], z[s] + skip[s]), whatever NaN there is passing through. */
static void log_add_states(real *restrict to, const real *x, const real *y, const real *z, const real *skip,
                           size_t states) {
  LOSSD_INDEPENDENT
  for (size_t s = 0; s < states; s++) to[s] = log_add(x[s], y[s], z[s] + skip[s]);
}

/* Frame t as log probabilities. */
static void load_frame(const struct sequence *q, int64_t t) {
  const struct ctc_batch *b = q->batch;
  const struct lossd_view *view = &q->plan->view[INPUT];
  const int64_t at = (t * b->count + q->row) * b->classes;
  const size_t classes = (size_t)b->classes;
  real *x = q->frame;
  load_run(view->dtype, view->data + at * (int64_t)lossd_dtype_size(view->dtype), 1, classes, x);
  switch ((int)q->plan->option[INPUT_KIND]) {
  case KIND_PROBABILITIES:
    for (size_t k = 0; k < classes; k++) x[k] = real_log(x[k]);
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

static int64_t class_of(const struct sequence *q, size_t state) {
  return state % 2 ? q->labels[state / 2] : (int64_t)q->plan->option[BLANK];
}

static void load_emissions(const struct sequence *q, int64_t t) {
  load_frame(q, t);
  const real blank = q->frame[(size_t)q->plan->option[BLANK]];
  for (size_t s = 0; s < q->states; s += 2) q->emit[s] = blank;
  for (size_t s = 1; s < q->states; s += 2) q->emit[s] = q->frame[q->labels[s / 2]];
}

static void set_skips(const struct sequence *q) {
  for (size_t s = 0; s < q->states + 2; s++)
    q->skip[s] =
        s % 2 && s >= 3 && s < q->states && q->labels[s / 2] != q->labels[s / 2 - 1] ? 0 : -REAL_INFINITY;
}

static void fill(real *x, size_t n, real value) {
  for (size_t i = 0; i < n; i++) x[i] = value;
}

/* Sets log_probability and, when `keep`, the arrivals of every frame. */
static void forward(struct sequence *q, bool keep) {
  const size_t states = q->states;
  real *restrict alpha = q->alpha;
  fill(alpha, states + 2, -REAL_INFINITY);
  for (int64_t t = 0; t < q->frames; t++) {
    real *restrict arrive = q->arrive + (keep ? (size_t)t * states : 0);
    if (t == 0) {
      fill(arrive, states, -REAL_INFINITY);
      fill(arrive, states < 2 ? states : 2, 0);
    } else {
      log_add_states(arrive, alpha + 2, alpha + 1, alpha, q->skip, states);
    }
    load_emissions(q, t);
    for (size_t s = 0; s < states; s++) alpha[s + 2] = arrive[s] + q->emit[s];
  }
  if (q->frames)
    q->log_probability =
        log_add(alpha[states + 1], states > 1 ? alpha[states] : -REAL_INFINITY, -REAL_INFINITY);
  else
    q->log_probability = states == 1 ? 0 : -REAL_INFINITY;
}

static char *gradient_at(const struct sequence *q, int64_t t) {
  const int64_t at = (t * q->batch->count + q->row) * q->batch->classes;
  return (char *)q->plan->grad[INPUT] + at * (int64_t)lossd_dtype_size(q->plan->view[INPUT].dtype);
}

static void store_gradient(const struct sequence *q, int64_t t) {
  store_run(q->plan->view[INPUT].dtype, gradient_at(q, t), 1, (size_t)q->batch->classes, q->grad);
}

/* grad = scale x (what the kind adds - the posteriors of the states that emit each class). */
static void frame_gradient(const struct sequence *q, const real *posterior, real scale) {
  const size_t classes = (size_t)q->batch->classes;
  const int kind = (int)q->plan->option[INPUT_KIND];
  const bool softmaxed =
      kind == KIND_LOGITS || (kind == KIND_LOG_PROBABILITIES && q->plan->option[CTC_GRADIENT] == LOG_SOFTMAX);
  if (softmaxed)
    for (size_t k = 0; k < classes; k++) q->grad[k] = real_exp(q->frame[k]);
  else
    fill(q->grad, classes, 0);
  for (size_t s = 0; s < q->states; s++) q->grad[class_of(q, s)] -= posterior[s];
  for (size_t k = 0; k < classes; k++) q->grad[k] *= scale;
}

/* From the last frame to the first; alpha holds beta + emission of the frame after. */
static void backward(struct sequence *q, real scale) {
  const size_t states = q->states;
  const bool own = q->plan->option[INPUT_KIND] != KIND_PROBABILITIES;
  real *restrict after = q->alpha, *restrict beta = q->next;
  fill(after, states + 2, -REAL_INFINITY);
  for (int64_t t = q->frames - 1; t >= 0; t--) {
    if (t == q->frames - 1) {
      fill(beta, states, -REAL_INFINITY);
      fill(beta + (states > 1 ? states - 2 : 0), states > 1 ? 2 : 1, 0);
    } else {
      log_add_states(beta, after, after + 1, after + 2, q->skip + 2, states);
    }
    load_emissions(q, t);
    real *restrict posterior = q->arrive + (size_t)t * states;
    for (size_t s = 0; s < states; s++) {
      posterior[s] = real_exp(posterior[s] + (own ? q->emit[s] : 0) + beta[s] - q->log_probability);
      after[s] = beta[s] + q->emit[s];
    }
    frame_gradient(q, posterior, scale);
    store_gradient(q, t);
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

/* Scratch: skip, alpha, next (two more each), emit, frame, grad, and the arrivals. */
static size_t scratch_bytes(const struct ctc_batch *b, bool gradient) {
  const size_t states = 2 * (size_t)b->longest + 1, frames = gradient && b->frames ? (size_t)b->frames : 1;
  return 3 * aligned(states + 2) + aligned(states) + 2 * aligned((size_t)b->classes) +
         aligned(states * frames);
}

static real *cut(char **scratch, size_t count) {
  real *piece = (real *)(void *)*scratch;
  *scratch += aligned(count);
  return piece;
}

static struct sequence begin_sequence(const struct lossd_plan *plan, int64_t row, char *scratch) {
  const struct ctc_batch *b = plan->private;
  struct sequence q = {.plan = plan, .batch = b, .row = row, .frames = b->input_length[row]};
  q.labels = b->labels + b->first[row];
  q.states = 2 * (size_t)(b->first[row + 1] - b->first[row]) + 1;
  q.skip = cut(&scratch, q.states + 2);
  q.alpha = cut(&scratch, q.states + 2);
  q.next = cut(&scratch, q.states + 2);
  q.emit = cut(&scratch, q.states);
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
  const int64_t length = (int64_t)q->states / 2;
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
    loss = -(double)q.log_probability;
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
    .cost = 20,
    .plan = plan,
};
