/* The zoo's tables, all made from zoo.def, and the choice of an instruction set. */
#include "core/zoo.h"

#include <ctype.h>
#include <stdatomic.h>
#include <string.h>

#define LOSS(name, file) extern const struct lossd_loss lossd_##name;
#include "core/zoo.def"
#undef LOSS

const struct lossd_loss *const lossd_losses[] = {
#define LOSS(name, file) &lossd_##name,
#include "core/zoo.def"
#undef LOSS
};
const int lossd_loss_count = sizeof lossd_losses / sizeof lossd_losses[0];

/* Instruction sets, the best first. */
#if defined(__x86_64__)
static bool has_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
}
static bool has_avx512(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512cd");
}
extern const struct lossd_kernel *const lossd_kernels_avx512_f64[], *const lossd_kernels_avx512_f32[];
extern const struct lossd_kernel *const lossd_kernels_avx2_f64[], *const lossd_kernels_avx2_f32[];
#endif
static bool always(void) {
  return true;
}
extern const struct lossd_kernel *const lossd_kernels_baseline_f64[], *const lossd_kernels_baseline_f32[];

static const struct instruction_set {
  const char *name;
  bool (*available)(void);
  const struct lossd_kernel *const *f64, *const *f32;
} instruction_sets[] = {
#if defined(__x86_64__)
    {"avx512", has_avx512, lossd_kernels_avx512_f64, lossd_kernels_avx512_f32},
    {"avx2", has_avx2, lossd_kernels_avx2_f64, lossd_kernels_avx2_f32},
#endif
    {"baseline", always, lossd_kernels_baseline_f64, lossd_kernels_baseline_f32},
};

/* The set in use, or NULL before the first look. Every thread that looks finds the same one. */
static _Atomic(const struct instruction_set *) chosen;

static const struct instruction_set *instruction_set(void) {
  const struct instruction_set *set = atomic_load_explicit(&chosen, memory_order_relaxed);
  if (set) return set;
  for (set = instruction_sets; !set->available(); set++) {
  }
  atomic_store_explicit(&chosen, set, memory_order_relaxed);
  return set;
}

const char *lossd_instruction_set(void) {
  return instruction_set()->name;
}

bool lossd_force_instruction_set(const char *name) {
  for (size_t i = 0; i < sizeof instruction_sets / sizeof instruction_sets[0]; i++) {
    if (strcmp(instruction_sets[i].name, name) || !instruction_sets[i].available()) continue;
    atomic_store_explicit(&chosen, &instruction_sets[i], memory_order_relaxed);
    return true;
  }
  return false;
}

const struct lossd_kernel *lossd_kernel_of(const struct lossd_loss *loss, enum lossd_dtype precision) {
  const struct instruction_set *set = instruction_set();
  int row = 0;
  while (lossd_losses[row] != loss) row++;
  return precision == LOSSD_FLOAT64 ? set->f64[row] : set->f32[row];
}

#define LOSSES (sizeof lossd_losses / sizeof lossd_losses[0])

enum { BARE_TEXT = 48 };

/* A loss's name without what people write in their own way: mse, MSE, mse_loss and torch.nn.MSELoss are one.
 * Longer names are cut. */
static size_t bare_name(const char *name, size_t length, char bare[BARE_TEXT]) {
  static const char prefix[] = "torchnn", suffix[] = "loss";
  size_t n = 0, skipped = 0;
  for (size_t i = 0; i < length && n + 1 < BARE_TEXT; i++)
    if (isalnum((unsigned char)name[i])) bare[n++] = (char)tolower((unsigned char)name[i]);
  if (n > sizeof prefix && !memcmp(bare, prefix, sizeof prefix - 1)) skipped = sizeof prefix - 1;
  if (n - skipped > sizeof suffix - 1 && !memcmp(bare + n - (sizeof suffix - 1), suffix, sizeof suffix - 1))
    n -= sizeof suffix - 1;
  memmove(bare, bare + skipped, n - skipped);
  bare[n - skipped] = 0;
  return n - skipped;
}

static const char *name_of_bare(const char *bare, const char *const bares[]) {
  size_t i = 0;
  while (bare && bares[i] != bare) i++;
  return bare ? lossd_losses[i]->name : NULL;
}

/* The loss that is probably meant; or, however far away, the nearest. */
static void suggest_loss(const char *name, size_t length, struct lossd_problem *problem) {
  char text[BARE_TEXT], bare[LOSSES][BARE_TEXT];
  const char *names[LOSSES], *bares[LOSSES], *begun = NULL, *meant;
  const size_t n = bare_name(name, length, text);
  for (size_t i = 0; i < LOSSES; i++) {
    names[i] = lossd_losses[i]->name, bares[i] = bare[i];
    bare_name(names[i], strlen(names[i]), bare[i]);
    if (n > 2 && !begun && !strncmp(bare[i], text, n)) begun = bares[i];
  }
  meant = lossd_nearest(name, length, names, LOSSES);
  if (!meant) meant = name_of_bare(lossd_nearest(text, n, bares, LOSSES), bares);
  if (!meant) meant = name_of_bare(begun, bares);
  const char *closest = name_of_bare(lossd_closest(text, n, bares, LOSSES, BARE_TEXT), bares);
  if (meant)
    lossd_hint(problem, "did you mean %s?", meant);
  else if (closest)
    lossd_hint(problem, "the nearest name is %s; the catalogue lists all: GET /v1/losses", closest);
}

const struct lossd_loss *lossd_find(const char *name, size_t length, struct lossd_problem *problem) {
  char quoted[LOSSD_QUOTE_TEXT];
  for (int i = 0; i < lossd_loss_count; i++)
    if (lossd_is_named(lossd_losses[i]->name, name, length)) return lossd_losses[i];
  lossd_fail(problem, LOSSD_UNKNOWN_LOSS, NULL, "there is no loss \"%s\"", lossd_quote(name, length, quoted));
  suggest_loss(name, length, problem);
  return NULL;
}

static const char *const common_inputs[] = {"sample_weight", "grad_output"};

const char *lossd_input_name(const struct lossd_loss *loss, int input) {
  return input < LOSSD_SAMPLE_WEIGHT ? loss->roles[input].name : common_inputs[input - LOSSD_SAMPLE_WEIGHT];
}

static bool has_input(const struct lossd_loss *loss, int input) {
  return input < loss->role_count || input >= LOSSD_SAMPLE_WEIGHT;
}

size_t lossd_input_names(const struct lossd_loss *loss, const char *names[LOSSD_INPUTS]) {
  size_t count = 0;
  for (int k = 0; k < LOSSD_INPUTS; k++)
    if (has_input(loss, k)) names[count++] = lossd_input_name(loss, k);
  return count;
}

int lossd_input_find(const struct lossd_loss *loss, const char *name, size_t length) {
  for (int k = 0; k < LOSSD_INPUTS; k++)
    if (has_input(loss, k) && lossd_is_named(lossd_input_name(loss, k), name, length)) return k;
  return -1;
}
