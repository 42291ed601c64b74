/* CTCLoss: l = -log P(y | x), P summed over all alignments of the labels y, with blanks between, to the
 * frames of x (Graves, Fernandez, Gomez, Schmidhuber 2006: "Connectionist temporal classification"). How P
 * and its derivatives are computed is in core/ctc_alignments.h.
 *
 * dl/dx_tk: log_probabilities: minus the posteriors of the states that emit k (ctc_gradient exact), or
 * exp(x_tk) minus them (log_softmax: what PyTorch returns, the gradient by the logits). logits: softmax minus
 * them. Frames past the input length: 0. An impossible alignment: l = +inf, gradient NaN; with zero_infinity
 * both 0, and it stays in the denominator.
 *
 * Always in double. Deviations from PyTorch: labels are checked; zero_infinity and input length
 * 0 as above. */
#include "core/ctc.h"
#include "core/ctc_alignments.h"

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
  const struct ctc_batch *b = plan->context;
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
  const double share = weight / q->plan->divisor; /* may be ordinary where neither's inverse is */
  const double scale = share * common_input(q->plan, LOSSD_GRAD_OUTPUT, q->row) * length_factor(q);
  const bool silent =
      (loss == INFINITY && q->plan->option[ZERO_INFINITY] != 0) || q->plan->divisor == 0 || weight == 0;
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

/* ---- Planning ---- */

static int prepare(struct lossd_plan *p, struct lossd_problem *problem) {
  p->slices = (size_t)p->row_count;
  p->slice_rows = 1;
  p->scratch_bytes = scratch_bytes(p->context, p->evaluation->gradients != 0);
  return lossd_ctc_take_labels(p, problem);
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
