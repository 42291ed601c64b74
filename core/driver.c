/* The generic driver: runs one slice of a plan, a tile at a time: load, check, compute, weigh, sum, store.
 * A tile of a pointwise loss goes through all of that a few blocks at a time, so that what lies between load
 * and store stays in the first cache and memory is passed over once. Compiled in each variant. */
#include "core/domain.h"
#include "core/gather.h"
#include "core/pointwise.h"
#include "core/stream.h"
#include "core/tile.h"

/* Gradients larger than this are written past the cache: it could not keep them, and would first read what
 * they overwrite. */
#define STREAM_BYTES ((size_t)16 << 20)

/* One tile and its buffers, cut from the scratch of a run. */
struct driver {
  const struct lossd_plan *plan;
  struct lossd_tile tile;
  real *buffer[LOSSD_INPUTS];      /* gathered inputs */
  int64_t *index[LOSSD_MAX_ROLES]; /* gathered class indices */
  real *grad[LOSSD_MAX_ROLES];     /* gradients that cannot be computed in place */
  real *loss, *scale;
  bool *left_out;
  bool pointwise;
  bool fixed[LOSSD_INPUTS]; /* absent or one number for all rows of a pointwise loss: one step serves all */
  bool scale_is_fixed;
};

/* Rows of a pointwise loss that pass from load to store at once: blocks enough to make a call cheap, few
 * enough to stay in the first cache. */
#define STEP ((size_t)4 * LOSSD_BLOCK)

/* What they need between load and store. */
struct step {
  _Alignas(64) real in[LOSSD_MAX_ROLES][LOSSD_BLOCK]; /* of a last block that is shorter, padded */
  real value[STEP], grad[LOSSD_MAX_ROLES][STEP];
  double lane[SUM_LANES];
  bool apart[LOSSD_MAX_ROLES]; /* grad[k] is in use */
};

static bool is_large(const struct lossd_plan *plan, int role) {
  return (size_t)plan->row_count * (size_t)plan->view[role].length * sizeof(real) > STREAM_BYTES;
}

static void *cut(char **scratch, size_t bytes) {
  void *piece = *scratch;
  *scratch += (bytes + 63) & ~(size_t)63;
  return piece;
}

static bool wants_gradients(const struct lossd_plan *plan) {
  return plan->evaluation->gradients != 0;
}

/* Pointwise kernels compute no derivative, the first or every one. */
static bool needs_gradient(const struct lossd_plan *plan, int role, bool pointwise_loss) {
  const unsigned wanted = plan->evaluation->gradients;
  if (!pointwise_loss) return wanted & 1u << role;
  return plan->loss->roles[role].differentiable && wanted != 0 && (role == 0 || wanted > 1);
}

/* Whether an input is absent or one number stands for all rows. */
static bool is_fixed(const struct lossd_plan *plan, const struct lossd_view *view) {
  bool fixed = !view->index;
  for (int k = 0; view->length && k < plan->dims; k++)
    fixed = fixed && (view->stride[k] == 0 || plan->extent[k] == 1);
  return fixed;
}

static void fill(real *out, size_t n, real value) {
  for (size_t i = 0; i < n; i++) out[i] = value;
}

/* scale[r] = grad_output x sample_weight / divisor, in double: the sum of the weights may be too small for
 * its inverse, and each weight's share in it is an ordinary number. */
static void fill_scale(struct driver *d, size_t n) {
  const real *weight = d->tile.in[LOSSD_SAMPLE_WEIGHT], *output = d->tile.in[LOSSD_GRAD_OUTPUT];
  const double divisor = d->plan->divisor, inverse = divisor == 0 ? 0 : 1 / divisor;
  const bool divide = inverse > DBL_MAX;
  for (size_t r = 0; r < n; r++) {
    const double w = weight ? (double)weight[r] : 1, share = divide ? w / divisor : w * inverse;
    d->scale[r] = (real)(share * (output ? (double)output[r] : 1));
  }
}

/* Loads what is the same for all rows. An absent factor of a pointwise loss is 1. */
static void load_fixed(struct driver *d) {
  const struct lossd_plan *plan = d->plan;
  const size_t n = (size_t)plan->tile_rows; /* sample_weight is read beyond a step */
  for (int k = 0; d->pointwise && k < LOSSD_INPUTS; k++) {
    const struct lossd_view *view = &plan->view[k];
    real one = 1;
    d->fixed[k] = is_fixed(plan, view);
    if (!d->fixed[k] || (!view->length && k >= plan->loss->role_count)) continue;
    if (view->length) load_run(view->dtype, view->data, 1, 1, &one);
    fill(d->buffer[k], n, one);
    d->tile.in[k] = d->buffer[k];
  }
  d->scale_is_fixed = d->pointwise && d->fixed[LOSSD_SAMPLE_WEIGHT] && d->fixed[LOSSD_GRAD_OUTPUT];
  if (d->scale_is_fixed) fill_scale(d, n);
}

static void driver_init(struct driver *d, const struct lossd_plan *plan, char *scratch) {
  const size_t rows = (size_t)plan->tile_rows;
  *d = (struct driver){.plan = plan, .pointwise = plan->length == 1 && plan->pointwise};
  d->tile.option = plan->option;
  d->tile.plan = plan;
  for (int k = 0; k < LOSSD_INPUTS; k++) {
    const struct lossd_view *view = &plan->view[k];
    const size_t count = rows * (size_t)(view->length > 0 ? view->length : 1);
    d->tile.length[k] = (size_t)view->length;
    if (k < LOSSD_MAX_ROLES && view->index)
      d->index[k] = cut(&scratch, count * sizeof(int64_t));
    else
      d->buffer[k] = cut(&scratch, count * sizeof(real));
    if (k < plan->loss->role_count && needs_gradient(plan, k, d->pointwise))
      d->grad[k] = cut(&scratch, count * sizeof(real));
  }
  d->loss = cut(&scratch, rows * sizeof(real));
  d->scale = cut(&scratch, rows * sizeof(real));
  d->left_out = cut(&scratch, rows);
  d->tile.spare = cut(&scratch, (size_t)plan->length * (size_t)plan->spare_vectors * sizeof(real));
  d->tile.loss = d->loss;
  d->tile.scale = d->scale;
  load_fixed(d);
}

static void load_tile(struct driver *d, int64_t row, size_t n) {
  const struct lossd_plan *plan = d->plan;
  d->tile.rows = n;
  for (int k = 0; k < LOSSD_INPUTS; k++) {
    const struct lossd_view *view = &plan->view[k];
    if (view->length == 0 || d->fixed[k]) {
      continue;
    } else if (k < LOSSD_MAX_ROLES && view->index) {
      load_indices(plan, view, row, n, d->index[k]);
      d->tile.index[k] = d->index[k];
      d->tile.pitch[k] = (size_t)view->length;
    } else {
      d->tile.in[k] = load_rows(plan, view, row, n, d->buffer[k], &d->tile.pitch[k]);
    }
  }
}

/* The scale; left_out[r] where a row does not count. */
static void weigh_tile(struct driver *d, int64_t row) {
  const struct lossd_plan *plan = d->plan;
  const size_t n = d->tile.rows;
  const real *weight = d->tile.in[LOSSD_SAMPLE_WEIGHT];
  if (!d->scale_is_fixed) fill_scale(d, n);
  d->tile.left_out = NULL;
  if (!weight && !plan->left_out) return;
  for (size_t r = 0; r < n; r++)
    d->left_out[r] = (weight && weight[r] == 0) || (plan->left_out && plan->left_out[row + (int64_t)r]);
  d->tile.left_out = d->left_out;
}

/* Finds the first number outside its domain in a row that counts; remembers the slice's first. */
static void find_outside(const struct driver *d, int input, int64_t row, struct lossd_partial *partial) {
  const struct lossd_view *view = &d->plan->view[input];
  for (size_t r = 0; r < d->tile.rows; r++) {
    const real *x = d->tile.in[input] + r * d->tile.pitch[input];
    if (d->tile.left_out && d->tile.left_out[r]) continue;
    for (size_t i = 0; i < (size_t)view->length; i++) {
      if (x[i] != x[i] || in_domain(view->domain, x[i])) continue;
      *partial =
          (struct lossd_partial){partial->numerator, input, row + (int64_t)r, (int64_t)i, (double)x[i]};
      return;
    }
  }
}

/* Finds the first label that is no class in the lists of rows that count; what follows a list's first
 * negative number is not looked at. */
static void check_labels(const struct driver *d, int input, int64_t row, struct lossd_partial *partial) {
  const int64_t classes = d->plan->view[0].length;
  const size_t length = (size_t)d->plan->view[input].length;
  for (size_t r = 0; r < d->tile.rows; r++) {
    const int64_t *label = d->index[input] + r * length;
    if (d->tile.left_out && d->tile.left_out[r]) continue;
    for (size_t i = 0; i < length && label[i] >= 0; i++) {
      if (label[i] < classes) continue;
      *partial =
          (struct lossd_partial){partial->numerator, input, row + (int64_t)r, (int64_t)i, (double)label[i]};
      return;
    }
  }
}

static void check_tile(const struct driver *d, int64_t row, struct lossd_partial *partial) {
  for (int k = 0; k < d->plan->loss->role_count && partial->bad_input < 0; k++) {
    const struct lossd_view *view = &d->plan->view[k];
    unsigned bad = 0;
    if (view->domain == LOSSD_LABELS && view->index) check_labels(d, k, row, partial);
    if (view->domain == LOSSD_ANY || view->index || !view->length) continue;
    for (size_t r = 0; view->length > 1 && r < d->tile.rows; r++)
      bad |= any_outside(view->domain, d->tile.in[k] + r * d->tile.pitch[k], (size_t)view->length);
    if (view->length == 1) bad = any_outside(view->domain, d->tile.in[k], d->tile.rows);
    if (bad) find_outside(d, k, row, partial);
  }
}

/* The number of each row that the kernel is about to read comes while the zeros are written. */
static void fetch_indexed(const struct driver *d) {
  for (size_t r = 0; r < d->tile.rows; r++)
    if (!d->tile.left_out || !d->left_out[r])
      __builtin_prefetch(d->tile.in[0] + r * d->tile.pitch[0] + d->tile.index[1][r * d->tile.pitch[1]]);
}

/* Not past the cache: the kernel is about to write into these lines. */
static void zero_gradients(const struct driver *d, int k) {
  fetch_indexed(d);
  for (size_t r = 0; r < d->tile.rows; r++)
    memset(d->tile.grad[k] + r * d->tile.grad_pitch[k], 0, d->tile.length[k] * sizeof(real));
}

/* Where the kernel is to write its gradients: in place when it can scale them itself. */
static void place_gradients(struct driver *d, int64_t row) {
  for (int k = 0; k < d->plan->loss->role_count; k++) {
    if (!d->grad[k]) continue;
    real *place = d->plan->grad[k] ? gradient_in_place(d->plan, k, row, d->tile.rows) : NULL;
    d->tile.grad[k] = place ? place : d->grad[k];
    d->tile.grad_pitch[k] = place && d->plan->view[k].length > 1
                                ? (size_t)d->plan->view[k].stride[d->plan->dims - 1]
                                : (size_t)d->plan->view[k].length;
    if (d->plan->sparse) zero_gradients(d, k);
  }
}

/* Left-out rows have loss 0; the others' losses are weighed, those that are to be summed when they are: the
 * products of floats are exact in double, and in its range. */
static void settle_losses(const struct driver *d, size_t at, size_t n, real *loss) {
  const real *weight = d->tile.in[LOSSD_SAMPLE_WEIGHT];
  for (size_t i = 0; weight && !d->plan->reduced && i < n; i++) loss[i] *= weight[at + i];
  for (size_t i = 0; d->tile.left_out && i < n; i++) loss[i] = d->left_out[at + i] ? 0 : loss[i];
}

/* Left-out rows have gradient 0; all have it where the classes' weights add up to a denominator of 0, though
 * the losses of smoothed labels are not 0 then. */
static void settle_row_gradients(struct driver *d, int k) {
  const size_t length = d->tile.length[k];
  const bool all = d->plan->divisor == 0;
  for (size_t r = 0; (all || d->tile.left_out) && r < d->tile.rows; r++)
    if (all || d->left_out[r]) fill(d->tile.grad[k] + r * d->tile.grad_pitch[k], length, 0);
}

static void store_gradients(struct driver *d, int64_t row) {
  for (int k = 0; k < d->plan->loss->role_count; k++) {
    if (!d->grad[k]) continue;
    if (!d->pointwise) settle_row_gradients(d, k);
    if (d->plan->grad[k] && d->tile.grad[k] == d->grad[k])
      store_rows(d->plan, k, row, d->tile.rows, d->grad[k]);
  }
}

static void store_losses(const struct driver *d, int64_t row, struct lossd_partial *partial) {
  const struct lossd_plan *plan = d->plan;
  if (plan->reduced) {
    const real *weight = d->tile.in[LOSSD_SAMPLE_WEIGHT];
    const size_t n = d->tile.rows;
    lossd_sum2_add(&partial->numerator, weight ? sum_products(d->loss, weight, n) : sum_real(d->loss, n));
  } else {
    char *to = (char *)plan->loss_data + row * (int64_t)lossd_dtype_size(plan->compute);
    store_run(plan->compute, to, 1, d->tile.rows, d->loss);
  }
}

/* Computes a tile of rows. */
static void compute_rows(struct driver *d, int64_t row, struct lossd_partial *partial) {
  check_tile(d, row, partial);
  if (partial->bad_input >= 0) return;
  d->plan->kernel->tile(&d->tile);
  settle_losses(d, 0, d->tile.rows, d->loss);
  store_losses(d, row, partial);
}

/* ---- Blocks of pointwise losses ---- */

/* How many of `left` rows come next: whole blocks, or what is less than one. */
static size_t step_rows(size_t left) {
  return left >= STEP ? STEP : left > LOSSD_BLOCK ? left / LOSSD_BLOCK * LOSSD_BLOCK : left;
}

/* Where the kernel finds the rows from `at` on: in place, or padded where there is less than a block. */
static void load_step(const struct driver *d, size_t at, size_t n, struct lossd_tile *kernel,
                      struct step *s) {
  kernel->rows = n < LOSSD_BLOCK ? LOSSD_BLOCK : n;
  kernel->scale = d->scale_is_fixed ? d->scale : d->scale + at;
  if (!d->scale_is_fixed && n < LOSSD_BLOCK) fill(d->scale + at + n, LOSSD_BLOCK - n, 0);
  for (int k = 0; k < d->plan->loss->role_count; k++) {
    kernel->in[k] = d->fixed[k] ? d->tile.in[k] : d->tile.in[k] + at;
    if (d->fixed[k] || n >= LOSSD_BLOCK) continue;
    memcpy(s->in[k], kernel->in[k], n * sizeof(real));
    memset(s->in[k] + n, 0, (LOSSD_BLOCK - n) * sizeof(real));
    kernel->in[k] = s->in[k];
  }
}

/* Where the kernel is to write its gradients: in their place, or the tile's scratch; apart where there is
 * less than a block, or where the cache is to be passed by. */
static void place_step(const struct driver *d, size_t at, size_t n, struct lossd_tile *kernel,
                       struct step *s) {
  for (int k = 0; k < LOSSD_MAX_ROLES; k++) {
    if (!d->grad[k]) continue;
    s->apart[k] = n < LOSSD_BLOCK || (d->tile.grad[k] != d->grad[k] && is_large(d->plan, k));
    kernel->grad[k] = s->apart[k] ? s->grad[k] : d->tile.grad[k] + at;
  }
}

static bool step_is_outside(const struct driver *d, size_t at, size_t n) {
  unsigned bad = 0;
  for (int k = 0; k < d->plan->loss->role_count; k++) {
    const struct lossd_view *view = &d->plan->view[k];
    if (view->domain == LOSSD_ANY || !view->length) continue;
    bad |= any_outside(view->domain, d->tile.in[k] + at, n);
  }
  return bad;
}

/* Adds to the sums of a tile's steps, whole lanes at a time: what pads a block counts nothing. */
static void add_values(double lane[restrict SUM_LANES], real *restrict value, size_t n) {
  for (size_t i = n; i % SUM_LANES; i++) value[i] = 0;
  for (size_t i = 0; i < n; i += SUM_LANES)
    for (size_t k = 0; k < SUM_LANES; k++) lane[k] += (double)value[i + k];
}

static void add_products(double lane[restrict SUM_LANES], const real *restrict value,
                         const real *restrict weight, size_t n) {
  size_t i = 0;
  for (; i + SUM_LANES <= n; i += SUM_LANES)
    for (size_t k = 0; k < SUM_LANES; k++) lane[k] += (double)value[i + k] * (double)weight[i + k];
  for (size_t k = 0; i + k < n; k++) lane[k] += (double)value[i + k] * (double)weight[i + k];
}

static void store_values(const struct driver *d, int64_t row, size_t at, size_t n, struct step *s) {
  const struct lossd_plan *plan = d->plan;
  const real *weight = d->tile.in[LOSSD_SAMPLE_WEIGHT];
  const size_t size = lossd_dtype_size(plan->compute);
  settle_losses(d, at, n, s->value);
  if (!plan->reduced)
    store_run(plan->compute, (char *)plan->loss_data + ((size_t)row + at) * size, 1, n, s->value);
  else if (weight)
    add_products(s->lane, s->value, weight + at, n);
  else
    add_values(s->lane, s->value, n);
}

/* Left-out rows have gradient 0. What was computed apart is brought to its place. */
static void settle_gradient(const struct driver *d, int k, size_t at, size_t n, const struct step *s,
                            real *x) {
  for (size_t i = 0; d->tile.left_out && i < n; i++) x[i] = d->left_out[at + i] ? 0 : x[i];
  if (!s->apart[k]) return;
  if (n < LOSSD_BLOCK)
    memcpy(d->tile.grad[k] + at, x, n * sizeof(real));
  else
    stream_copy((char *)(d->tile.grad[k] + at), (const char *)x, n * sizeof(real));
}

/* Computes a tile of a pointwise loss. */
static void compute_blocks(struct driver *d, int64_t row, struct lossd_partial *partial) {
  const struct lossd_plan *plan = d->plan;
  struct lossd_tile kernel = {.option = plan->option, .plan = plan};
  struct step s;
  memset(s.lane, 0, sizeof s.lane);
  kernel.loss = s.value;
  for (size_t at = 0, n; at < d->tile.rows; at += n) {
    n = step_rows(d->tile.rows - at);
    if (step_is_outside(d, at, n)) check_tile(d, row, partial);
    if (partial->bad_input >= 0) return;
    load_step(d, at, n, &kernel, &s);
    place_step(d, at, n, &kernel, &s);
    plan->kernel->tile(&kernel);
    store_values(d, row, at, n, &s);
    for (int k = 0; k < LOSSD_MAX_ROLES; k++)
      if (d->grad[k]) settle_gradient(d, k, at, n, &s, kernel.grad[k]);
  }
  if (plan->reduced) lossd_sum2_add(&partial->numerator, fold_lanes(s.lane));
}

void LOSSD_IN_VARIANT(run_tiles)(const struct lossd_plan *plan, size_t slice, void *scratch) {
  struct driver d;
  struct lossd_partial *partial = &plan->partial[slice];
  const int64_t begin = (int64_t)slice * plan->slice_rows;
  const int64_t end = begin + plan->slice_rows < plan->row_count ? begin + plan->slice_rows : plan->row_count;
  driver_init(&d, plan, scratch);
  *partial = (struct lossd_partial){.bad_input = -1};
  for (int64_t row = begin; row < end; row += (int64_t)d.tile.rows) {
    load_tile(&d, row, (size_t)(end - row < plan->tile_rows ? end - row : plan->tile_rows));
    weigh_tile(&d, row);
    place_gradients(&d, row);
    (d.pointwise ? compute_blocks : compute_rows)(&d, row, partial);
    if (partial->bad_input >= 0) return;
    if (wants_gradients(plan)) store_gradients(&d, row);
  }
  stream_finish();
}
