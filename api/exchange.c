#include "api/exchange.h"

#include <stdio.h>
#include <string.h>

#include "api/gzip.h"

void lossd_exchange_init(struct lossd_exchange *x, struct lossd_arena *arena) {
  memset(x, 0, sizeof *x);
  x->arena = arena;
  x->problem.offset = -1;
  atomic_store_explicit(&x->read_fault, SIZE_MAX, memory_order_relaxed);
}

bool lossd_exchange_cancelled(const struct lossd_exchange *x) {
  return lossd_is_cancelled(x->cancelled);
}

/* Bytes the request holds, the body included. */
static size_t held(const struct lossd_exchange *x) {
  return x->body_length + x->arena->held;
}

void *lossd_exchange_alloc(struct lossd_exchange *x, size_t bytes, const char *pointer) {
  const size_t most = x->limits->max_request_bytes;
  if (held(x) > most || bytes > most - held(x)) {
    lossd_fail(&x->problem, LOSSD_TOO_MANY_ELEMENTS, pointer,
               "the request needs more memory than the %zu bytes that one may have", most);
    lossd_hint(&x->problem, "send the evaluation in parts; numerators and denominators add up");
    return NULL;
  }
  void *memory = lossd_arena_alloc(x->arena, bytes, 1);
  if (!memory) lossd_fail(&x->problem, LOSSD_OUT_OF_MEMORY, pointer, "no memory for %zu bytes now", bytes);
  return memory;
}

int lossd_exchange_want(struct lossd_exchange *x, const char *name, size_t length, const char *pointer) {
  const unsigned before = x->evaluation.gradients;
  char quoted[LOSSD_QUOTE_TEXT];
  if (lossd_want_gradient(&x->evaluation, name, length, pointer, &x->problem)) return x->problem.status;
  if (x->evaluation.gradients != before) return LOSSD_OK;
  lossd_fail(&x->problem, LOSSD_DUPLICATE_KEY, pointer, "gradients names \"%s\" twice",
             lossd_quote(name, length, quoted));
  lossd_hint(&x->problem, "name each tensor once");
  return x->problem.status;
}

int lossd_exchange_take_id(struct lossd_exchange *x, const char *id, size_t length) {
  x->id = id;
  x->id_length = length;
  if (length <= LOSSD_LONGEST_ID) return LOSSD_OK;
  return lossd_fail(&x->problem, LOSSD_INVALID_REQUEST, "/id", "id has %zu bytes, expected at most %d",
                    length, LOSSD_LONGEST_ID);
}

/* ---- Decode ---- */

static void add_output(struct lossd_exchange *x, const char *name, int role, enum lossd_dtype dtype,
                       const struct lossd_shape *shape) {
  struct lossd_output *output = &x->outputs[x->output_count++];
  *output = (struct lossd_output){name, role, {dtype, *shape, NULL}};
}

static int list_outputs(struct lossd_exchange *x) {
  static const struct lossd_shape scalar = {0};
  add_output(x, "loss", -1, x->plan.compute, &x->plan.loss_shape);
  if (x->plan.reduced) {
    add_output(x, "numerator", -1, LOSSD_FLOAT64, &scalar);
    add_output(x, "denominator", -1, LOSSD_FLOAT64, &scalar);
  }
  for (int role = 0; role < x->evaluation.loss->role_count; role++) {
    const struct lossd_tensor *tensor = &x->evaluation.tensor[role];
    if (!(x->evaluation.gradients & 1u << role)) continue;
    const char *role_name = x->evaluation.loss->roles[role].name;
    const size_t size = sizeof "grad." + strlen(role_name);
    char *name = lossd_exchange_alloc(x, size, NULL);
    if (!name) return x->problem.status;
    snprintf(name, size, "grad.%s", role_name);
    add_output(x, name, role, tensor->dtype, &tensor->shape);
  }
  return LOSSD_OK;
}

size_t lossd_exchange_output_bytes(const struct lossd_exchange *x, int index) {
  const struct lossd_tensor *tensor = &x->outputs[index].tensor;
  size_t bytes;
  return lossd_shape_bytes(tensor->dtype, &tensor->shape, &bytes) ? bytes : SIZE_MAX;
}

int lossd_exchange_layout(struct lossd_exchange *x) {
  for (int i = 0; i < x->output_count; i++) {
    const struct lossd_output *output = &x->outputs[i];
    if (output->role < 0 && i > 0) continue;
    void *data = lossd_exchange_alloc(x, lossd_exchange_output_bytes(x, i), NULL);
    if (!data) return x->problem.status;
    if (output->role < 0)
      x->plan.loss_data = data;
    else
      x->plan.grad[output->role] = data;
  }
  return LOSSD_OK;
}

/* Where the answer's tensors will be. */
static void point_outputs(struct lossd_exchange *x) {
  for (int i = 0; i < x->output_count; i++) {
    struct lossd_output *output = &x->outputs[i];
    if (output->role >= 0)
      output->tensor.data = x->plan.grad[output->role];
    else if (i == 0)
      output->tensor.data = x->plan.loss_data;
    else
      output->tensor.data = i == 1 ? &x->plan.numerator : &x->plan.denominator;
  }
}

static int scan(struct lossd_exchange *x) {
  x->evaluation.loss = lossd_find(x->loss_name, x->loss_name_length, &x->problem);
  if (!x->evaluation.loss) return x->problem.status;
  x->evaluation.max_elements = x->limits->max_elements;
  if (x->gzip && lossd_gzip_inflate(x)) return x->problem.status;
  return x->request_format->decode(x);
}

void lossd_exchange_scan(struct lossd_exchange *x) {
  if (!x->problem.status) scan(x);
  if (x->problem.status) x->reads = 0;
  x->scanned = true;
}

/* The first fault is kept, whichever piece was read first. */
void lossd_exchange_read(struct lossd_exchange *x, size_t piece) {
  struct lossd_problem problem = {0};
  size_t first = atomic_load_explicit(&x->read_fault, memory_order_relaxed);
  if (piece >= first || !x->request_format->read(x, piece, &problem)) return;
  while (piece < first && !atomic_compare_exchange_weak(&x->read_fault, &first, piece)) {
  }
}

/* Reads what others did not; then the piece at fault again, which tells the problem. */
static int read_pieces(struct lossd_exchange *x) {
  const size_t fault = atomic_load(&x->read_fault);
  for (size_t i = fault < x->reads ? fault : 0; i < x->reads && (!x->was_read || i == fault); i++)
    if (x->request_format->read(x, i, &x->problem)) break;
  return x->problem.status;
}

void lossd_exchange_parse(struct lossd_exchange *x) {
  if (!x->scanned) lossd_exchange_scan(x);
  if (!x->problem.status && !read_pieces(x))
    lossd_plan_shape(&x->plan, &x->evaluation, x->arena, &x->problem);
  x->reads = 0;
}

static int plan(struct lossd_exchange *x) {
  if (lossd_plan_prepare(&x->plan, &x->problem)) return x->problem.status;
  if (list_outputs(x)) return x->problem.status;
  return x->answer_format->layout(x);
}

void lossd_exchange_plan(struct lossd_exchange *x) {
  if (x->problem.status || plan(x)) return;
  point_outputs(x);
  x->slices = x->plan.slices;
  x->scratch_bytes = x->plan.scratch_bytes;
}

void lossd_exchange_decode(struct lossd_exchange *x) {
  lossd_exchange_parse(x);
  lossd_exchange_plan(x);
}

/* ---- Run and encode ---- */

void lossd_exchange_run(struct lossd_exchange *x, size_t slice, void *scratch) {
  if (!x->problem.status) lossd_run(&x->plan, slice, scratch);
}

void lossd_exchange_finish(struct lossd_exchange *x) {
  if (x->finished || x->problem.status) return;
  if (lossd_exchange_cancelled(x)) {
    lossd_fail_cancelled(&x->problem);
    return;
  }
  x->finished = true;
  if (!lossd_finish(&x->plan, &x->problem) && x->answer_format->split) x->answer_format->split(x);
}

size_t lossd_exchange_piece(struct lossd_exchange *x, size_t piece, void *scratch) {
  return x->answer_format->piece(x, piece, scratch);
}

char *lossd_exchange_place(struct lossd_exchange *x, size_t length) {
  return x->answer_format->place(x, length);
}

static void encode_problem(struct lossd_exchange *x) {
  const enum lossd_error_style style = x->request_format ? x->request_format->errors : LOSSD_ERROR_PROBLEM;
  if (x->request_format && x->request_format->locate) x->request_format->locate(x);
  x->slices = x->pieces = 0;
  x->header_count = 0;
  x->http_status = lossd_status_row(x->problem.status)->http;
  x->content_type = lossd_problem_content_type(style);
  x->answer = lossd_problem_body(&x->problem, style, x->arena, &x->answer_length);
}

void lossd_exchange_encode(struct lossd_exchange *x) {
  lossd_exchange_finish(x);
  if (!x->problem.status) {
    x->http_status = 200;
    x->content_type = x->answer_format->content_type;
    x->answer_format->encode(x);
  }
  if (x->problem.status) encode_problem(x);
}
