#include "tests/random_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/half.h"
#include "tests/evaluate.h"

/* ---- Numbers ---- */

/* splitmix64 (Steele, Lea, Flood 2014) */
uint64_t random_bits(struct random_source *random) {
  uint64_t z = random->state += 0x9E3779B97F4A7C15;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
  z = (z ^ z >> 27) * 0x94D049BB133111EB;
  return z ^ z >> 31;
}

int64_t random_below(struct random_source *random, int64_t count) {
  return (int64_t)(random_bits(random) % (uint64_t)count);
}

double random_between(struct random_source *random, double low, double high) {
  return low + (high - low) * ((double)(random_bits(random) >> 11) * 0x1p-53);
}

double random_normal(struct random_source *random) {
  double sum = -6;
  for (int i = 0; i < 12; i++) sum += random_between(random, 0, 1);
  return sum;
}

/* ---- Tensors ---- */

double tensor_number(const struct lossd_tensor *tensor, int64_t i) {
  const char *p = (const char *)tensor->data + i * (int64_t)lossd_dtype_size(tensor->dtype);
  double f64;
  float f32;
  uint16_t half;
  int64_t integer;
  switch (tensor->dtype) {
  case LOSSD_FLOAT64: return memcpy(&f64, p, 8), f64;
  case LOSSD_FLOAT32: return memcpy(&f32, p, 4), (double)f32;
  case LOSSD_FLOAT16: return memcpy(&half, p, 2), (double)lossd_float16_read(half);
  case LOSSD_BFLOAT16: return memcpy(&half, p, 2), (double)lossd_bfloat16_read(half);
  case LOSSD_INT64: return memcpy(&integer, p, 8), (double)integer;
  default: abort(); /* the cases hold no others */
  }
}

static void store_number(enum lossd_dtype dtype, void *data, int64_t i, double value) {
  char *p = (char *)data + i * (int64_t)lossd_dtype_size(dtype);
  const float f32 = (float)value;
  const uint16_t half = dtype == LOSSD_FLOAT16 ? lossd_float16_write(value) : lossd_bfloat16_write(value);
  if (dtype == LOSSD_FLOAT64)
    memcpy(p, &value, 8);
  else if (dtype == LOSSD_FLOAT32)
    memcpy(p, &f32, 4);
  else
    memcpy(p, &half, 2);
}

struct lossd_evaluation evaluation_as(const struct lossd_evaluation *evaluation, enum lossd_dtype dtype,
                                      struct lossd_arena *arena) {
  struct lossd_evaluation as = *evaluation;
  for (int k = 0; k < LOSSD_INPUTS; k++) {
    const struct lossd_tensor *from = &evaluation->tensor[k];
    if (!(as.present & 1u << k) || !lossd_dtype_is_floating(from->dtype)) continue;
    const int64_t count = lossd_shape_count(&from->shape);
    void *data = lossd_arena_alloc(arena, (size_t)count, lossd_dtype_size(dtype));
    for (int64_t i = 0; i < count; i++) store_number(dtype, data, i, tensor_number(from, i));
    as.tensor[k] = (struct lossd_tensor){dtype, from->shape, data};
  }
  return as;
}

/* ---- Options ---- */

static int option_find(const struct lossd_loss *loss, const char *name) {
  for (int i = 0; i < loss->option_count; i++)
    if (!strcmp(loss->options[i].name, name)) return i;
  return -1;
}

bool option_is(const struct lossd_evaluation *e, const char *name, const char *choice) {
  const int i = option_find(e->loss, name);
  if (i < 0 || e->loss->options[i].type != LOSSD_CHOICE) return false;
  return !strcmp(e->loss->options[i].choices[(int)e->options.value[i]], choice);
}

double option_number(const struct lossd_evaluation *e, const char *name, double otherwise) {
  const int i = option_find(e->loss, name);
  return i < 0 ? otherwise : e->options.value[i];
}

/* How many values of an option a combination chooses among; 1 for those that are drawn. */
static int option_values(const struct lossd_option *option) {
  int count = 0;
  if (option->type == LOSSD_BOOLEAN) return 2;
  if (option->type != LOSSD_CHOICE) return 1;
  while (option->choices[count]) count++;
  return count;
}

/* An option whose default is tiny guards against division by zero: values of its kind are tiny too. */
static bool is_guard(const struct lossd_option *option) {
  const double most = fmax(fabs(option->textbook), fabs(option->pytorch));
  return most > 0 && most < 1e-3;
}

/* Draws a number within the option's range; false: leave the default. */
static bool draw_number(const struct lossd_option *option, struct random_source *random, double *number) {
  static const double usual[] = {-1, -0.25, 0, 0.1, 0.5, 1, 1.5, 2, 3, INFINITY}, tiny[] = {0, 1e-8, 1e-6};
  if (random_below(random, 2)) return false;
  const bool guard = is_guard(option);
  *number = guard ? tiny[random_below(random, 3)] : usual[random_below(random, 10)];
  if (option->type == LOSSD_INTEGER && *number != trunc(*number)) return false;
  if (isinf(*number)) return option->infinite;
  return *number >= option->minimum && *number <= option->maximum &&
         !(option->exclusive_minimum && *number == option->minimum);
}

static void set_option(struct lossd_options *options, const char *name, struct lossd_value value) {
  struct lossd_problem problem;
  if (value.string) value.length = strlen(value.string);
  if (!lossd_options_set(options, name, strlen(name), &value, &problem)) return;
  fprintf(stderr, "%s: %s\n", options->loss->name, problem.detail);
  abort();
}

static void draw_options(struct lossd_options *options, const struct lossd_loss *loss, int combination,
                         struct random_source *random) {
  lossd_options_init(options, loss);
  set_option(
      options, "definition",
      (struct lossd_value){LOSSD_VALUE_STRING, 0, random_below(random, 2) ? "textbook" : "pytorch", 0});
  for (int i = 0; i < loss->option_count; i++) {
    const struct lossd_option *option = &loss->options[i];
    const int values = option_values(option), at = combination % values;
    double number;
    combination /= values;
    if (option->type == LOSSD_CHOICE)
      set_option(options, option->name, (struct lossd_value){LOSSD_VALUE_STRING, 0, option->choices[at], 0});
    else if (option->type == LOSSD_BOOLEAN)
      set_option(options, option->name, (struct lossd_value){.type = LOSSD_VALUE_BOOLEAN, .number = at});
    else if (option->type != LOSSD_TEXT && draw_number(option, random, &number))
      set_option(options, option->name, (struct lossd_value){.type = LOSSD_VALUE_NUMBER, .number = number});
  }
  lossd_options_finish(options);
}

/* ---- Shapes ---- */

/* Four sizes, which shapes name by letter; 1 is itself. */
struct sizes {
  int64_t n, c, d, s;
};
static const char *const forms[] = {"", "n", "c", "s", "nc", "n1", "1c", "nd", "cs", "ncd", "1cd", "n1d"};
enum { FORMS = sizeof forms / sizeof forms[0] };

static struct lossd_shape shape_of_form(const char *form, const struct sizes *sizes) {
  struct lossd_shape shape = {.rank = (int)strlen(form)};
  for (int i = 0; form[i]; i++)
    shape.dim[i] = form[i] == 'n'   ? sizes->n
                   : form[i] == 'c' ? sizes->c
                   : form[i] == 'd' ? sizes->d
                   : form[i] == 's' ? sizes->s
                                    : 1;
  return shape;
}

static struct sizes draw_sizes(enum case_size size, struct random_source *random) {
  if (size == CASE_LARGE)
    return (struct sizes){300 + random_below(random, 400), 40 + random_below(random, 80),
                          3 + random_below(random, 5), 2 + random_below(random, 3)};
  return (struct sizes){1 + random_below(random, 5), 2 + random_below(random, 4), 2 + random_below(random, 3),
                        1 + random_below(random, 2)};
}

/* Integers of a small range that is drawn, too: class indices, labels without a blank, lengths. */
static void draw_integers(int64_t *out, int64_t count, const struct sizes *sizes,
                          struct random_source *random) {
  const int64_t tops[] = {1, 2, sizes->n, sizes->c, sizes->d, sizes->s};
  const int64_t low = random_below(random, 4) - 1, top = tops[random_below(random, 6)];
  const int64_t span = top > low ? top - low : 1;
  for (int64_t i = 0; i < count; i++) out[i] = low + random_below(random, span);
}

static void add_tensor(struct random_case *made, int input, enum lossd_dtype dtype,
                       const struct lossd_shape *shape) {
  void *data = lossd_arena_alloc(&made->data, (size_t)lossd_shape_count(shape), 8);
  made->evaluation.tensor[input] = (struct lossd_tensor){dtype, *shape, data};
  made->evaluation.present |= 1u << input;
}

/* The tensors of the roles: indices drawn, numbers all 1/2 until their domain is known. */
static void lay_out(struct random_case *made, const struct case_layout *layout, const struct sizes *sizes,
                    struct random_source *random) {
  struct lossd_evaluation *e = &made->evaluation;
  for (int k = 0; k < e->loss->role_count; k++) {
    if (layout->form[k] < 0) continue;
    const struct lossd_shape shape = shape_of_form(forms[layout->form[k]], sizes);
    add_tensor(made, k, LOSSD_FLOAT64, &shape);
  }
  for (int k = 0; k < e->loss->role_count; k++) {
    if (layout->form[k] < 0) continue;
    const int64_t count = lossd_shape_count(&e->tensor[k].shape);
    void *data = (void *)e->tensor[k].data;
    if (lossd_role_kind(e, k) == LOSSD_INDEX) {
      e->tensor[k].dtype = LOSSD_INT64;
      draw_integers(data, count, sizes, random);
    } else {
      for (int64_t i = 0; i < count; i++) ((double *)data)[i] = 0.5;
    }
  }
}

/* A plan of the case, to learn what it says of shapes and domains; false when there is none. */
static bool learn(const struct random_case *made, struct lossd_plan *plan, struct lossd_arena *arena) {
  struct lossd_problem problem;
  lossd_arena_reset(arena);
  return lossd_plan_init(plan, &made->evaluation, arena, &problem) == LOSSD_OK;
}

/* ---- Values ---- */

/* Whether options say that a role holds logarithms: the numbers are to be those of logarithms. */
static bool holds_logarithms(const struct lossd_evaluation *e, int role) {
  char name[64];
  snprintf(name, sizeof name, "log_%s", e->loss->roles[role].name);
  return option_number(e, name, 0) != 0 || (role == 0 && option_is(e, "input_kind", "log_probabilities"));
}

static double draw_value(enum lossd_domain domain, bool positive, struct random_source *random) {
  switch (domain) {
  case LOSSD_NONNEGATIVE: return random_between(random, 0.1, 3);
  case LOSSD_UNIT_INTERVAL: return random_between(random, 0.02, 0.98);
  case LOSSD_PLUS_MINUS_ONE: return random_below(random, 2) ? 1 : -1;
  case LOSSD_ZERO_ONE: return (double)random_below(random, 2);
  default: return positive ? random_between(random, 0.05, 3) : random_normal(random);
  }
}

static void draw_values(struct random_case *made, const struct lossd_plan *plan, bool positive,
                        struct random_source *random) {
  struct lossd_evaluation *e = &made->evaluation;
  for (int k = 0; k < e->loss->role_count; k++) {
    if (!(e->present & 1u << k) || e->tensor[k].dtype != LOSSD_FLOAT64) continue;
    double *x = (double *)e->tensor[k].data;
    const enum lossd_domain domain = plan->view[k].domain;
    const bool logarithms = domain == LOSSD_ANY && holds_logarithms(e, k);
    for (int64_t i = 0; i < lossd_shape_count(&e->tensor[k].shape); i++)
      x[i] = logarithms ? random_between(random, -4, 0) : draw_value(domain, positive, random);
  }
}

/* Half of the cases have sample_weight, with a few zeros; half have grad_output. */
static void draw_common_inputs(struct random_case *made, const struct lossd_plan *plan,
                               struct random_source *random) {
  static const struct lossd_shape number = {.rank = 0};
  struct lossd_evaluation *e = &made->evaluation;
  for (int k = LOSSD_SAMPLE_WEIGHT; k <= LOSSD_GRAD_OUTPUT; k++) {
    if (random_below(random, 2)) continue;
    const bool weight = k == LOSSD_SAMPLE_WEIGHT;
    add_tensor(made, k, LOSSD_FLOAT64,
               !weight                   ? &plan->loss_shape
               : random_below(random, 4) ? &plan->rows
                                         : &number);
    double *x = (double *)e->tensor[k].data;
    for (int64_t i = 0; i < lossd_shape_count(&e->tensor[k].shape); i++)
      x[i] = !weight ? random_normal(random) : random_below(random, 8) ? random_between(random, 0.1, 2) : 0;
  }
}

static bool loss_is_finite(const struct random_case *made) {
  struct evaluate t = {.evaluation = made->evaluation};
  lossd_arena_init(&t.arena, NULL);
  bool finite = evaluate_run(&t) == LOSSD_OK;
  const struct lossd_tensor loss = {t.plan.compute, t.plan.loss_shape, t.plan.loss_data};
  for (int64_t i = 0; finite && i < lossd_shape_count(&loss.shape); i++)
    finite = isfinite(tensor_number(&loss, i));
  evaluate_end(&t);
  return finite;
}

/* ---- Makers ---- */

static void begin_case(struct random_case *made, struct case_maker *maker, int combination) {
  lossd_arena_reset(&made->data);
  made->evaluation = (struct lossd_evaluation){.loss = maker->loss, .max_elements = INT64_MAX};
  draw_options(&made->evaluation.options, maker->loss, combination, &maker->random);
}

static bool next_layout(const struct lossd_loss *loss, struct case_layout *layout) {
  for (int k = 0; k < loss->role_count; k++) {
    if (++layout->form[k] < FORMS) return true;
    layout->form[k] = loss->roles[k].optional ? -1 : 0;
  }
  return false;
}

static bool layout_works(struct case_maker *maker, const struct case_layout *layout) {
  const struct sizes distinct = {4, 3, 5, 2};
  struct random_case made;
  struct lossd_arena arena;
  struct lossd_plan plan;
  bool works = false;
  lossd_arena_init(&made.data, NULL);
  lossd_arena_init(&arena, NULL);
  for (int attempt = 0; attempt < 6 && !works; attempt++) {
    begin_case(&made, maker, (int)random_below(&maker->random, maker->combinations));
    lay_out(&made, layout, &distinct, &maker->random);
    works = learn(&made, &plan, &arena);
  }
  lossd_arena_reset(&made.data);
  lossd_arena_reset(&arena);
  return works;
}

void case_maker_init(struct case_maker *maker, const struct lossd_loss *loss, uint64_t seed) {
  struct case_layout layout = {{0}};
  int64_t room = 0;
  *maker = (struct case_maker){.loss = loss, .random = {seed}, .combinations = 1};
  for (int i = 0; i < loss->option_count; i++) maker->combinations *= option_values(&loss->options[i]);
  for (int k = 0; k < loss->role_count; k++) layout.form[k] = loss->roles[k].optional ? -1 : 0;
  do {
    if (!layout_works(maker, &layout)) continue;
    if (maker->layout_count == room) {
      room = room ? 2 * room : 64;
      maker->layouts = realloc(maker->layouts, (size_t)room * sizeof *maker->layouts);
      if (!maker->layouts) abort();
    }
    maker->layouts[maker->layout_count++] = layout;
  } while (next_layout(loss, &layout));
}

void case_maker_free(struct case_maker *maker) {
  free(maker->layouts);
}

static bool size_fits(enum case_size size, const struct lossd_plan *plan, int attempt) {
  if (size == CASE_SMALL) return plan->row_count > 0;
  return plan->elements <= 400000 && (plan->elements >= 20000 || attempt > 200);
}

bool random_case_make(struct case_maker *maker, int combination, enum case_size size,
                      struct random_case *made) {
  struct lossd_arena arena;
  struct lossd_plan plan;
  bool found = false;
  lossd_arena_init(&made->data, NULL);
  lossd_arena_init(&arena, NULL);
  const struct case_layout *layout = maker->layouts;
  for (int attempt = 0; maker->layout_count && attempt < 600 && !found; attempt++) {
    const struct sizes sizes = draw_sizes(size, &maker->random);
    if (attempt % 6 == 0) layout = &maker->layouts[random_below(&maker->random, maker->layout_count)];
    begin_case(made, maker, combination);
    lay_out(made, layout, &sizes, &maker->random);
    if (!learn(made, &plan, &arena) || !size_fits(size, &plan, attempt)) continue;
    draw_values(made, &plan, attempt % 2, &maker->random);
    draw_common_inputs(made, &plan, &maker->random);
    found = loss_is_finite(made);
  }
  lossd_arena_reset(&arena);
  if (!found) random_case_free(made);
  return found;
}

void random_case_free(struct random_case *made) {
  lossd_arena_reset(&made->data);
}
