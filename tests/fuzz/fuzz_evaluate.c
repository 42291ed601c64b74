/* Any loss, options, shapes, dtypes, values, alignments and gradients, straight through core. Buffers have
 * exactly their size. What is planned keeps to its limits and gives the same bits from every instruction set,
 * its slices run in either order. */
#include <math.h>

#include "core/half.h"
#include "core/plan.h"
#include "tests/fuzz/bytes.h"

enum { MOST_ELEMENTS = 1 << 15, MOST_VALUES = 1 << 13 };

struct run {
  struct lossd_plan plan;
  struct lossd_arena arena;
  struct lossd_problem problem;
  void *loss, *grad[LOSSD_MAX_ROLES];
  size_t loss_bytes, grad_bytes[LOSSD_MAX_ROLES];
};

/* ---- Choices ---- */

static void take_option(struct fuzz_bytes *bytes, struct lossd_options *options) {
  static const char *const expressions[] = {"norm(a - b)",
                                            "sum((a-b)^2) / (1 + dot(a, b))",
                                            "amax(abs(a - b))",
                                            "1 - dot(a,b)/(norm(a)*norm(b))",
                                            "sum(log(cosh(a-b)))",
                                            "sqrt(",
                                            "a - b"};
  const int pick = fuzz_below(bytes, options->loss->option_count + 1);
  const struct lossd_option *option = pick ? &options->loss->options[pick - 1] : NULL;
  struct lossd_value value = {.type = LOSSD_VALUE_NUMBER, .string = NULL};
  struct lossd_problem problem;
  int choices = 0;
  if (!option) {
    value = (struct lossd_value){LOSSD_VALUE_STRING, 0, "pytorch", 7};
  } else if (option->type == LOSSD_BOOLEAN) {
    value = (struct lossd_value){.type = LOSSD_VALUE_BOOLEAN, .number = fuzz_below(bytes, 2)};
  } else if (option->type == LOSSD_CHOICE || option->type == LOSSD_TEXT) {
    while (option->choices && option->choices[choices]) choices++;
    value.type = LOSSD_VALUE_STRING;
    value.string = option->type == LOSSD_TEXT
                       ? expressions[fuzz_below(bytes, sizeof expressions / sizeof *expressions)]
                       : option->choices[fuzz_below(bytes, choices)];
    value.length = strlen(value.string);
  } else {
    value.number = fuzz_double(bytes);
  }
  const char *name = option ? option->name : "definition";
  lossd_options_set(options, name, strlen(name), &value, &problem); /* a refusal leaves the default */
}

static int64_t take_dim(struct fuzz_bytes *bytes) {
  static const short dims[] = {2, 1, 3, 4, 5, 0, 7, 8, 9, 16, 17, 33, 64, 100, 129, 1000, 1, 2, 3, 2049};
  const unsigned byte = fuzz_byte(bytes);
  if (byte == 255) return INT64_MAX;
  if (byte == 254) return -1;
  return dims[byte % (sizeof dims / sizeof *dims)];
}

static void drop_axis(struct lossd_shape *shape, int axis) {
  if (axis < 0 || axis >= shape->rank) return;
  memmove(&shape->dim[axis], &shape->dim[axis + 1], (size_t)(shape->rank - axis - 1) * sizeof *shape->dim);
  shape->rank--;
}

/* Most shapes are made from role 0's, so that they often fit. */
static struct lossd_shape take_shape(struct fuzz_bytes *bytes, const struct lossd_shape *first) {
  struct lossd_shape shape = first ? *first : (struct lossd_shape){.rank = 0};
  switch (first ? fuzz_below(bytes, 12) : 11) {
  default: return shape;
  case 4: drop_axis(&shape, shape.rank - 1); return shape;
  case 5: drop_axis(&shape, 1 % (shape.rank + (shape.rank == 0))); return shape;
  case 6: return (struct lossd_shape){.rank = 0};
  case 7:
    if (shape.rank) shape.dim[fuzz_below(bytes, shape.rank)] = 1;
    return shape;
  case 8:
    if (shape.rank) shape.dim[fuzz_below(bytes, shape.rank)] = take_dim(bytes);
    return shape;
  case 9: drop_axis(&shape, 0); return shape;
  case 10: break;
  case 11: break;
  }
  shape.rank = fuzz_below(bytes, 20) == 19 ? 8 : fuzz_below(bytes, 5);
  for (int i = 0; i < shape.rank; i++) shape.dim[i] = take_dim(bytes);
  return shape;
}

static uint64_t draw(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return *state >> 33;
}

static double draw_value(int mode, uint64_t *state) {
  static const double awkward[] = {0,      -0.0,    1,       -1,     INFINITY, -INFINITY, NAN,
                                   5e-324, -1e-310, 1.7e308, -1e300, 800,      -800,      1e-45};
  const uint64_t random = draw(state);
  if (mode >= 4 && random % 16 == 0) return awkward[(random >> 4) % (sizeof awkward / sizeof *awkward)];
  switch (mode & 3) {
  case 0: return (double)(random % 4096) / 4096;       /* probabilities */
  case 1: return (double)(random % 6) - 1;             /* classes, with ignored and wrong ones */
  case 2: return random & 1 ? 1 : -1;                  /* signs */
  default: return (double)(random % 16384) / 1024 - 8; /* logits */
  }
}

static void store(enum lossd_dtype dtype, char *to, double value) {
  const float f32 = (float)value;
  const uint16_t half = dtype == LOSSD_FLOAT16 ? lossd_float16_write(value) : lossd_bfloat16_write(value);
  const int64_t integer = fabs(value) < 1e15
                              ? (int64_t)value
                              : INT64_MIN; /* little-endian: its first bytes are the narrower types */
  const uint8_t truth = value != 0;
  switch (dtype) {
  case LOSSD_FLOAT64: memcpy(to, &value, 8); break;
  case LOSSD_FLOAT32: memcpy(to, &f32, 4); break;
  case LOSSD_FLOAT16:
  case LOSSD_BFLOAT16: memcpy(to, &half, 2); break;
  case LOSSD_BOOL: memcpy(to, &truth, 1); break;
  default: memcpy(to, &integer, lossd_dtype_size(dtype)); break;
  }
}

/* False: too large to fill. The memory to free is in *owned. */
static bool take_tensor(struct fuzz_bytes *bytes, const struct lossd_shape *first,
                        struct lossd_tensor *tensor, char **owned) {
  static const enum lossd_dtype usual[] = {LOSSD_FLOAT64, LOSSD_FLOAT32, LOSSD_INT64};
  const unsigned byte = fuzz_byte(bytes);
  tensor->dtype = byte < 128 ? usual[byte % 3] : (enum lossd_dtype)(byte % LOSSD_DTYPES);
  tensor->shape = take_shape(bytes, first);
  const int mode = fuzz_below(bytes, 9);
  const size_t shift = (size_t)(fuzz_byte(bytes) > 200 ? fuzz_below(bytes, 8) : 0),
               size = lossd_dtype_size(tensor->dtype);
  const int64_t count = lossd_shape_count(&tensor->shape);
  if (count > MOST_VALUES) return false;
  const size_t filled = count > 0 ? (size_t)count : 0; /* a shape that is none has no data */
  uint64_t state = (uint64_t)mode * 77 + byte;
  *owned = malloc(filled * size + shift + 1 - (filled > 0));
  if (!*owned) abort();
  for (size_t i = 0; i < filled; i++)
    if (mode < 8)
      store(tensor->dtype, *owned + shift + i * size, draw_value(mode, &state));
    else
      for (size_t k = 0; k < size; k++)
        (*owned)[shift + i * size + k] = (char)(i < 64 ? fuzz_byte(bytes) : draw(&state));
  tensor->data = *owned + shift;
  return true;
}

/* ---- Running ---- */

static void *aligned(size_t bytes) {
  void *memory;
  if (posix_memalign(&memory, 64, bytes + (bytes == 0))) abort();
  return memory;
}

static void *exactly(enum lossd_dtype dtype, const struct lossd_shape *shape, size_t *bytes) {
  if (!lossd_shape_bytes(dtype, shape, bytes)) abort();
  return aligned(*bytes);
}

static void run(struct run *run, const struct lossd_evaluation *evaluation, size_t input_bytes,
                bool backwards) {
  *run = (struct run){.loss_bytes = 0};
  struct lossd_plan *plan = &run->plan;
  lossd_arena_init(&run->arena, NULL);
  if (lossd_plan_init(plan, evaluation, &run->arena, &run->problem)) {
    if (!run->problem.detail[0]) abort();
    return;
  }
  if (plan->elements > evaluation->max_elements) abort();
  if (run->arena.held + plan->scratch_bytes > (1u << 20) + 128 * ((size_t)plan->elements + input_bytes))
    abort();
  run->loss = exactly(plan->compute, &plan->loss_shape, &run->loss_bytes);
  plan->loss_data = run->loss;
  for (int k = 0; k < evaluation->loss->role_count; k++)
    if (evaluation->gradients & 1u << k)
      plan->grad[k] = run->grad[k] =
          exactly(evaluation->tensor[k].dtype, &evaluation->tensor[k].shape, &run->grad_bytes[k]);
  void *scratch = aligned(plan->scratch_bytes);
  for (size_t i = 0; i < plan->slices; i++)
    lossd_run(plan, backwards && !plan->serial ? plan->slices - 1 - i : i, scratch);
  free(scratch);
  if (lossd_finish(plan, &run->problem) && !run->problem.detail[0]) abort();
}

static void end(struct run *run) {
  free(run->loss);
  for (int k = 0; k < LOSSD_MAX_ROLES; k++) free(run->grad[k]);
  lossd_arena_reset(&run->arena);
}

static void expect_same(const struct run *a, const struct run *b) {
  if (a->problem.status != b->problem.status || strcmp(a->problem.detail, b->problem.detail) != 0) abort();
  if (a->problem.status) return;
  if (memcmp(a->loss, b->loss, a->loss_bytes)) abort();
  for (int k = 0; k < LOSSD_MAX_ROLES; k++)
    if (a->grad[k] && memcmp(a->grad[k], b->grad[k], a->grad_bytes[k])) abort();
  if (a->plan.reduced && memcmp(&a->plan.numerator, &b->plan.numerator, sizeof(double))) abort();
  if (a->plan.reduced && memcmp(&a->plan.denominator, &b->plan.denominator, sizeof(double))) abort();
}

static void compare_runs(const struct lossd_evaluation *evaluation, size_t input_bytes,
                         const char *other_set) {
  static const char *const all[] = {"avx512", "avx2", "baseline"};
  struct run best, other;
  for (int i = 0; !lossd_force_instruction_set(all[i]); i++) {
  }
  run(&best, evaluation, input_bytes, false);
  lossd_force_instruction_set(other_set); /* the machine may lack it */
  run(&other, evaluation, input_bytes, true);
  expect_same(&best, &other);
  end(&best);
  end(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_bytes bytes = {data, data + size};
  struct lossd_evaluation evaluation = {.loss = lossd_losses[fuzz_below(&bytes, lossd_loss_count)]};
  const unsigned flags = fuzz_byte(&bytes);
  char *owned[LOSSD_INPUTS] = {NULL};
  size_t input_bytes = 0, tensor_bytes;
  bool fine = true;
  evaluation.max_elements = flags & 1 ? MOST_ELEMENTS : 16 * MOST_ELEMENTS;
  lossd_options_init(&evaluation.options, evaluation.loss);
  for (int i = fuzz_below(&bytes, 5); i > 0; i--) take_option(&bytes, &evaluation.options);
  lossd_options_finish(&evaluation.options);
  for (int k = 0; k < LOSSD_INPUTS && fine; k++) {
    if (k >= evaluation.loss->role_count && k < LOSSD_SAMPLE_WEIGHT) continue;
    const bool optional = k >= LOSSD_SAMPLE_WEIGHT || evaluation.loss->roles[k].optional;
    if (optional ? fuzz_byte(&bytes) < 200 : fuzz_byte(&bytes) > 253) continue;
    fine = take_tensor(&bytes, k ? &evaluation.tensor[0].shape : NULL, &evaluation.tensor[k], &owned[k]);
    evaluation.present |= 1u << k;
    if (lossd_shape_bytes(evaluation.tensor[k].dtype, &evaluation.tensor[k].shape, &tensor_bytes))
      input_bytes += tensor_bytes;
  }
  if (flags & 2)
    evaluation.gradients = lossd_all_gradients(&evaluation) & (flags >> 3 | (flags & 4 ? 0xff : 0));
  if (fine) compare_runs(&evaluation, input_bytes, flags & 128 ? "avx2" : "baseline");
  for (int k = 0; k < LOSSD_INPUTS; k++) free(owned[k]);
  return 0;
}
