/* Gradients of expressions against finite differences, over a generated family: well-formed by construction,
 * with values that stay finite, in blocks of rows. */
#include "tests/expression_pairs.h"
#include "tests/unit.h"

enum { EXPRESSIONS = 4000 };
enum { ROWS = 3, LONGEST = 5, MOST = ROWS * LONGEST };

/* ---- Writing expressions ---- */

struct writer {
  uint64_t state;
  char text[EXPRESSION_MAX_BYTES];
  int length;
};

static unsigned draw(struct writer *w, unsigned below) {
  w->state = w->state * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(w->state >> 33) % below;
}

static double between(struct writer *w, double low, double high) {
  return low + (high - low) * draw(w, 1u << 20) / (1u << 20);
}

/* Templates: v a vector, n a number, x either, # a literal. Each keeps what it is given bounded and
 * differentiable almost everywhere; domains are respected by construction. */
static const char *const vectors[] = {
    "a",
    "b",
    "(v + x)",
    "(v - x)",
    "(x - v)",
    "v * v / (1 + abs(v))",
    "(x * v)",
    "(-v)",
    "v / (1.5 + x^2)",
    "x / (1.5 + abs(v))",
    "tanh(v)^2",
    "tanh(v)^3",
    "sin(v)",
    "cos(v)",
    "tan(atan(v) / 2)",
    "atan(v)",
    "sinh(tanh(v))",
    "cosh(sin(v))",
    "abs(v)",
    "exp(-v^2)",
    "expm1(tanh(v))",
    "log(abs(v) + 0.5)",
    "log1p(v^2)",
    "sqrt(v^2 + 0.3)",
    "max(v, x)",
    "min(x, v)",
    "pow(abs(v) + 0.4, tanh(x))",
    "(abs(v) + #)^-0.5",
    "#^tanh(v)",
    "sign(v) * v",
    "tanh(v)^4",
    "-tanh(v)^2",
    "(1.2 + cos(v))^sin(x)",
};
static const char *const numbers[] = {
    "#",
    "D",
    "pi",
    "mean(v)",
    "sum(v) / D",
    "prod(tanh(v))",
    "amax(v)",
    "amin(v)",
    "norm(v)",
    "norm(v + 2)",
    "dot(v, v) / D",
    "(n + n)",
    "(n - n)",
    "tanh(n)",
    "(n * tanh(n))",
    "n / (2 + n^2)",
    "max(n, n)",
    "min(n, n)",
    "sqrt(abs(n) + 0.2)",
    "log(n^2 + 0.7)",
    "sin(n)",
    "2^sin(n)",
    "(-n)",
    "abs(n)",
    "exp(-abs(n))",
    "mean(v^2)",
    "dot(sin(v), v) / 2",
    "e",
};
#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static void put(struct writer *w, const char *text, int depth);

static void put_within(struct writer *w, const char *text, int depth) {
  w->text[w->length++] = '(';
  put(w, text, depth);
  w->text[w->length++] = ')';
}

static void put_vector(struct writer *w, int depth) {
  depth > 0 ? put_within(w, vectors[draw(w, COUNT(vectors))], depth) : put(w, vectors[draw(w, 2)], 0);
}
static void put_number(struct writer *w, int depth) {
  depth > 0 ? put_within(w, numbers[draw(w, COUNT(numbers))], depth) : put(w, numbers[draw(w, 3)], 0);
}

static void put(struct writer *w, const char *text, int depth) {
  for (; *text; text++) {
    const bool alone = !((text[1] >= 'a' && text[1] <= 'z') || (text[1] >= '0' && text[1] <= '9'));
    if (*text == '#')
      w->length +=
          snprintf(w->text + w->length, sizeof w->text - (size_t)w->length, "%.3f", between(w, 0.4, 2.5));
    else if (*text == 'v' && alone)
      put_vector(w, depth - 1);
    else if (*text == 'n' && alone && (w->length == 0 || w->text[w->length - 1] < 'a'))
      put_number(w, depth - 1);
    else if (*text == 'x' && alone && (w->length == 0 || w->text[w->length - 1] < 'a'))
      draw(w, 2) ? put_vector(w, depth - 1) : put_number(w, depth - 1);
    else
      w->text[w->length++] = *text;
  }
  w->text[w->length] = 0;
}

/* ---- Differences ---- */

struct family {
  struct writer writer;
  size_t length;
  double a[MOST], b[MOST], seed[ROWS];
  long compared, kinks;
  double worst;
};

/* The change of seed . values with coordinate i of x (a or b), over 2 step. */
static double slope(struct family *f, struct pairs *p, double *x, size_t i, double step) {
  const double before = x[i], *const value = p->value;
  const size_t row = i / f->length;
  x[i] = before + step;
  pairs_run(p, ROWS, f->length, f->a, f->b, f->length, NULL);
  const double above = value[row];
  x[i] = before - step;
  pairs_run(p, ROWS, f->length, f->a, f->b, f->length, NULL);
  x[i] = before;
  return f->seed[row] * (above - value[row]) / (2 * step);
}

/* Three steps extrapolate to the derivative twice (Richardson); where these disagree a kink or a pole is
 * near. */
static void compare(struct family *f, struct pairs *p, double *x, size_t i, double got) {
  const double h = 4e-4, d1 = slope(f, p, x, i, h), d2 = slope(f, p, x, i, h / 2),
               d4 = slope(f, p, x, i, h / 4);
  const double once = (4 * d2 - d1) / 3, twice = (4 * d4 - d2) / 3;
  const double scale = 1 + fabs(twice) + fabs(p->value[i / f->length]);
  if (!(fabs(once - twice) < 1e-7 * scale)) {
    f->kinks++;
    return;
  }
  const double error = fabs(got - twice) / scale;
  f->compared++;
  f->worst = fmax(f->worst, error);
  if (!(error < 1e-6))
    fail_msg("%s: coordinate %zu of %s: %.15g, differences say %.15g", f->writer.text, i,
             x == f->a ? "a" : "b", got, twice);
}

static void check_one(struct family *f) {
  struct pairs p;
  const size_t count = ROWS * f->length;
  double by_a[MOST], by_b[MOST];
  if (pairs_compile(&p, f->writer.text, (size_t)f->writer.length, f->length))
    fail_msg("%s: %s", f->writer.text, p.problem.detail);
  for (size_t i = 0; i < count; i++)
    f->a[i] = between(&f->writer, -2, 2), f->b[i] = between(&f->writer, -2, 2);
  for (size_t r = 0; r < ROWS; r++) f->seed[r] = between(&f->writer, 0.5, 1.5);
  pairs_run(&p, ROWS, f->length, f->a, f->b, f->length, f->seed);
  memcpy(by_a, p.by_a, count * sizeof *by_a);
  memcpy(by_b, p.by_b, count * sizeof *by_b);
  for (size_t r = 0; r < ROWS; r++)
    if (!isfinite(p.value[r])) fail_msg("%s is %g", f->writer.text, p.value[r]);
  for (size_t i = 0; i < count; i++) compare(f, &p, f->a, i, by_a[i]), compare(f, &p, f->b, i, by_b[i]);
  pairs_end(&p);
}

static void gradients_are_the_limits_of_differences(void **state) {
  (void)state;
  static struct family f;
  f.writer.state = 20240229;
  for (int i = 0; i < EXPRESSIONS; i++) {
    f.length = 1 + draw(&f.writer, LONGEST);
    f.writer.length = 0;
    put_number(&f.writer, 2 + (int)draw(&f.writer, 3));
    f.writer.text[f.writer.length] = 0;
    check_one(&f);
  }
  printf("%d expressions: %ld derivatives compared, largest error %.2g of scale, %ld near kinks left out\n",
         EXPRESSIONS, f.compared, f.worst, f.kinks);
  assert_true(f.kinks * 20 < f.compared);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(gradients_are_the_limits_of_differences)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
