/* core's functions that are not of one number in one precision, pow and the exponential of a float in double:
 * accuracy, special numbers, and the same bits from every variant. */
#include <inttypes.h>

#include "tests/vector_math_sweep.h"

/* ---- pow ---- */

static const double exponents[] = {2,    -1,    0.5,  3,        -3,        2.7, 30,  100.5, 1e-3, -1e-10,
                                   1e10, 1e300, 1001, INFINITY, -INFINITY, NAN, 0.0, -0.0,  1,    -700.25};

/* Each exponent with a part of the sweep, then all pairs of special numbers. */
static size_t fill_pow(const struct precision *p, void *x, void *y) {
  static const struct line whole = {-4, 4, false};
  const size_t n = fill(p, whole, x) - COUNT(specials) * COUNT(specials);
  for (size_t i = 0; i < n; i++) put(p, y, i, exponents[i * 2654435761u / 64 % COUNT(exponents)]);
  for (size_t i = 0; i < COUNT(specials) * COUNT(specials); i++) {
    put(p, x, n + i, specials[i / COUNT(specials)]);
    put(p, y, n + i, specials[i % COUNT(specials)]);
  }
  return n + COUNT(specials) * COUNT(specials);
}

static void pow_keeps_its_bound_and_is_c_s_pow_at_special_numbers(void **state) {
  (void)state;
  for (size_t k = 0; k < COUNT(precisions); k++) {
    const struct precision *p = &precisions[k];
    void *x = numbers(p), *y = numbers(p), *out = numbers(p);
    const size_t n = fill_pow(p, x, y);
    p->variant[0]->pow(x, y, out, n);
    for (size_t i = 0; i < n; i++) {
      const double a = get(p, x, i), b = get(p, y, i), bound = k == SINGLE ? 0.51 : 12;
      const double error = error_in_ulps(p, get(p, out, i), powl((wide)a, (wide)b), 0);
      if (!(error <= bound)) fail_msg("pow(%a, %a) of %zu bits: off by %g ulp", a, b, p->size * 8, error);
    }
    free(x), free(y), free(out);
  }
}

static void every_variant_of_pow_gives_the_same_bits(void **state) {
  (void)state;
  static const uint64_t want[] = {[SINGLE] = 0xaab07fcb9f0f384e, [DOUBLE] = 0x1fbc6df163fd45bf};
  for (size_t k = 0; k < COUNT(precisions); k++) {
    const struct precision *p = &precisions[k];
    void *x = numbers(p), *y = numbers(p), *out = numbers(p);
    const size_t n = fill_pow(p, x, y);
    for (size_t v = 0; v < COUNT(p->variant) && can_run(p->variant[v]); v++) {
      p->variant[v]->pow(x, y, out, n);
      const uint64_t hash = hash_of(out, n * p->size);
      if (hash != want[k]) fail_msg("%s: hash 0x%016" PRIx64, p->variant[v]->name, hash);
    }
    free(x), free(y), free(out);
  }
}

/* ---- exp_wide, exp_short(bounded(x)): of a float, in double ---- */

static const struct line exponents_of_e = {-700, 700, false};

static void the_wide_exp_of_a_float_keeps_its_bound(void **state) {
  (void)state;
  const struct precision *p = &precisions[SINGLE];
  float *x = numbers(p);
  double *out = numbers(&precisions[DOUBLE]);
  const size_t n = fill(p, exponents_of_e, x);
  p->variant[0]->exp_wide(x, out, n);
  for (size_t i = 0; i < n; i++) {
    const wide want = expl(fmaxl(-700, fminl((wide)x[i], 700)));
    const bool is_float = x[i] >= -104 && x[i] <= 89;
    if (x[i] == 0) assert_true(out[i] == 1);
    if (isnan(x[i]) ? isnan(out[i]) : fabsl(out[i] - want) <= want * (is_float ? 0x1p-46L : 0x1p-43L))
      continue;
    fail_msg("exp_wide(%a) is %a, not %La", (double)x[i], out[i], want);
  }
  free(x), free(out);
}

static void every_variant_of_the_wide_exp_gives_the_same_bits(void **state) {
  (void)state;
  const struct precision *p = &precisions[SINGLE];
  float *x = numbers(p);
  double *out = numbers(&precisions[DOUBLE]);
  const size_t n = fill(p, exponents_of_e, x);
  for (size_t v = 0; v < COUNT(p->variant) && can_run(p->variant[v]); v++) {
    p->variant[v]->exp_wide(x, out, n);
    const uint64_t hash = hash_of(out, n * sizeof *out), want = 0x24170cdf166c83e1;
    if (hash != want) fail_msg("%s: hash 0x%016" PRIx64, p->variant[v]->name, hash);
  }
  free(x), free(out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pow_keeps_its_bound_and_is_c_s_pow_at_special_numbers),
      cmocka_unit_test(every_variant_of_pow_gives_the_same_bits),
      cmocka_unit_test(the_wide_exp_of_a_float_keeps_its_bound),
      cmocka_unit_test(every_variant_of_the_wide_exp_gives_the_same_bits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
