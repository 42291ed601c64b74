/* Distance expressions: the language, its limits and its refusals. */
#include <math.h>

#include "tests/expression_pairs.h"
#include "tests/unit.h"

/* ---- The language ---- */

static void operators_bind_as_mathematics_has_it(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double value;
  } table[] = {{"1 + 2 * 3", 7},
               {"(1 + 2) * 3", 9},
               {"8 - 4 - 2", 2},
               {"8 / 4 / 2", 1},
               {"2 ^ 3 ^ 2", 512},
               {"(2 ^ 3) ^ 2", 64},
               {"-2 ^ 2", -4},
               {"(-2) ^ 2", 4},
               {"2 ^ -1", 0.5},
               {"2 ^ -1 ^ 2", 0.5},
               {"-2 * 3", -6},
               {"2 * -3", -6},
               {"--3", 3},
               {"1 - -1", 2},
               {"- 3 + 5", 2},
               {"2 * 3 ^ 2", 18},
               {"6 / 2 * 3", 9},
               {"2 + 3 - 4", 1},
               {"-3 ^ 2 / 9", -1},
               {"2 ^ -2 * 4", 1},
               {"1.5e2", 150},
               {"1E+2", 100},
               {"25e-1", 2.5},
               {"0.25", 0.25},
               {"D", 3},
               {"max(1, 2) ^ 2", 4},
               {"min(3, -1)", -1},
               {"pow(2, 10)", 1024},
               {"\t1\n+\r 1 ", 2},
               {"sum(a)", 7},
               {"mean(a)", 7. / 3},
               {"prod(a)", 8},
               {"amax(a)", 4},
               {"amin(b)", -1},
               {"dot(a, b)", 3},
               {"norm(b - b + 2)", 3.46410161513775458705},
               {"sum(-a ^ 2)", -21},
               {"sum(a ^ a)", 261},
               {"sum(1 / a)", 1.75},
               {"sum(a - 1)", 4},
               {"sum(max(a, b))", 9},
               {"sum(min(a, 2))", 5},
               {"sum(sign(b))", 1},
               {"abs(-3)", 3},
               {"e", 2.718281828459045},
               {"pi", 3.141592653589793}};
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
    if (fabs(pairs_value(table[i].text) - table[i].value) > 4e-16 * fabs(table[i].value))
      fail_msg("%s is %.17g, expected %.17g", table[i].text, pairs_value(table[i].text), table[i].value);
}

static void what_is_not_an_expression_is_refused_with_its_column(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int column; /* 0: none */
    const char *detail, *hint;
  } table[] = {
      {"summ(a - b)", 1, "there is no name \"summ\"", "did you mean sum?"},
      {"sum(a) + sqr(2)", 10, "there is no name \"sqr\"", "did you mean sqrt?"},
      {"sum(a * d)", 9, "there is no name \"d\"", "did you mean"},
      {"sum(anchor)", 5, "there is no name \"anchor\"", "the names are a b D e pi abs"},
      {"a - b", 0, "gives a vector of 3 numbers, expected a number", "reduce it with sum"},
      {"norm(sum(a))", 1, "norm takes a vector, its argument is a number", "such as a - b"},
      {"1 + dot(a, 2)", 5, "dot takes vectors, its second argument is a number", "such as a - b"},
      {"sum(a, b)", 1, "sum takes 1 argument, found 2", "write sum(x)"},
      {"1 + max(2)", 5, "max takes 2 arguments, found 1", "write max(x, y)"},
      {"sum()", 5, "found \")\"", "an example"},
      {"sum", 1, "sum is a function, expected \"(\"", "write sum(a - b)"},
      {"sum + 1", 1, "sum is a function, expected \"(\"", "write sum(a - b)"},
      {"a(1)", 2, "found \"(\", expected an operator", "write * between factors"},
      {"2a", 2, "found \"a\", expected an operator", "write * between factors"},
      {"2 3", 3, "found \"3\", expected an operator", "write * between factors"},
      {"sum(a", 1, "is not closed", "add \")\""},
      {"((1)", 1, "is not closed", "add \")\""},
      {"sum(a))", 7, "closes nothing", "leave it out"},
      {"(a, b)", 3, "found \",\"", "max, min, pow and dot"},
      {"1, 2", 2, "found \",\"", "max, min, pow and dot"},
      {"", 1, "found the end, expected a number", "an example"},
      {"   ", 4, "found the end, expected a number", "an example"},
      {"1 +", 4, "found the end, expected a number", "an example"},
      {"1 + * 2", 5, "found \"*\", expected a number", "an example"},
      {"+1", 1, "found \"+\", expected a number", "leave out the sign"},
      {"1 % 2", 3, "found \"%\", expected an operator", "the operators are + - * / ^"},
      {"a[0]", 2, "found \"[\", expected an operator", "the operators are"},
      {"\xE2\x88\x9A(2)", 1, "found \"\xE2\x88\x9A\"", "an example"},
      {".5", 1, "begins with \".\"", "write 0.5"},
      {"1.", 1, "ends with \".\"", "write 1.0"},
      {"007", 1, "begins with 0", "leading zeros"},
      {"1e999", 1, "too large", "1.8e308"},
      {"0x10", 2, "found \"x10\"", "write * between"},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    struct pairs p;
    char column[64] = "distance_expression gives";
    if (table[i].column) snprintf(column, sizeof column, "distance_expression, column %d: ", table[i].column);
    const int status = pairs_compile(&p, table[i].text, strlen(table[i].text), 3);
    if (status != LOSSD_INVALID_OPTION || strcmp(p.problem.pointer, "/options/distance_expression") ||
        strncmp(p.problem.detail, column, strlen(column)) || !strstr(p.problem.detail, table[i].detail) ||
        !strstr(p.problem.hint, table[i].hint))
      fail_msg("%s: %d %s \"%s\" \"%s\"", table[i].text, status, p.problem.pointer, p.problem.detail,
               p.problem.hint);
    pairs_end(&p);
  }
}

static void a_nul_in_the_text_is_a_character_like_any_other(void **state) {
  (void)state;
  struct pairs p;
  assert_int_equal(pairs_compile(&p, "1\0", 2, 3), LOSSD_INVALID_OPTION);
  assert_non_null(strstr(p.problem.detail, "column 2: found \"?\""));
  pairs_end(&p);
}

/* ---- Limits ---- */

/* first, then `times` times middle, then last. */
static int compile_long(struct pairs *p, const char *first, const char *middle, const char *last, int times,
                        size_t length) {
  char *const text = calloc(1, strlen(first) + strlen(last) + strlen(middle) * (size_t)times + 1);
  size_t n = strlen(first);
  assert_non_null(text);
  memcpy(text, first, n);
  for (int i = 0; i < times; i++, n += strlen(middle)) memcpy(text + n, middle, strlen(middle));
  memcpy(text + n, last, strlen(last));
  const int status = pairs_compile(p, text, n + strlen(last), length);
  pairs_end(p);
  free(text);
  return status;
}

static void texts_have_at_most_4096_bytes(void **state) {
  (void)state;
  struct pairs p;
  assert_int_equal(compile_long(&p, "1", " ", "", 4095, 3), LOSSD_OK);
  assert_int_equal(compile_long(&p, "1", " ", "", 4096, 3), LOSSD_INVALID_OPTION);
  assert_string_equal(p.problem.detail, "distance_expression has 4097 bytes, expected at most 4096");
  assert_int_equal(compile_long(&p, "", "1", "", 4096, 3), LOSSD_INVALID_OPTION); /* one number, too large */
  assert_non_null(strstr(p.problem.detail, "too large"));
}

static void expressions_have_at_most_512_nodes(void **state) {
  (void)state;
  struct pairs p;
  assert_int_equal(compile_long(&p, "sum(a", "+b", "*2)", 254, 3), LOSSD_OK); /* 2 + 254 x 2 + 2 */
  assert_int_equal(compile_long(&p, "-sum(a", "+b", "*2)", 254, 3), LOSSD_INVALID_OPTION);
  assert_string_equal(p.problem.detail,
                      "distance_expression, column 516: more than 512 operands, operators and calls");
  assert_int_equal(compile_long(&p, "", "-", "1", 511, 3), LOSSD_OK);
  assert_int_equal(compile_long(&p, "", "-", "1", 512, 3), LOSSD_INVALID_OPTION);
  assert_int_equal(compile_long(&p, "1", "^1", "", 255, 3), LOSSD_OK);
  assert_int_equal(compile_long(&p, "1", "^1", "", 256, 3), LOSSD_INVALID_OPTION);
}

static void parentheses_nest_at_most_64_deep(void **state) {
  (void)state;
  struct pairs p;
  char close[66] = {0};
  memset(close, ')', 65);
  assert_int_equal(compile_long(&p, "", "(", close + 1, 64, 3), LOSSD_INVALID_OPTION); /* nothing within */
  assert_int_equal(compile_long(&p, "", "abs(", "1", 64, 3), LOSSD_INVALID_OPTION);    /* not closed */
  char within[80];
  snprintf(within, sizeof within, "1%s", close + 1);
  assert_int_equal(compile_long(&p, "", "(", within, 64, 3), LOSSD_OK);
  assert_int_equal(compile_long(&p, "", "exp(", within, 64, 3), LOSSD_OK);
  snprintf(within, sizeof within, "1%s", close);
  assert_int_equal(compile_long(&p, "", "(", within, 65, 3), LOSSD_INVALID_OPTION);
  assert_string_equal(p.problem.detail,
                      "distance_expression, column 65: parentheses are nested more than 64 deep");
}

static void what_a_row_keeps_is_bounded(void **state) {
  (void)state;
  struct pairs p;
  assert_int_equal(compile_long(&p, "sum((a-b)^2)", "", "", 0, 1 << 20),
                   LOSSD_OK); /* a, b, a-b, its square */
  assert_int_equal(compile_long(&p, "sum((a-b)^2)", "", "", 0, (1 << 20) + 1), LOSSD_TOO_MANY_ELEMENTS);
  assert_string_equal(p.problem.pointer, "/options/distance_expression");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(operators_bind_as_mathematics_has_it),
      cmocka_unit_test(what_is_not_an_expression_is_refused_with_its_column),
      cmocka_unit_test(a_nul_in_the_text_is_a_character_like_any_other),
      cmocka_unit_test(texts_have_at_most_4096_bytes),
      cmocka_unit_test(expressions_have_at_most_512_nodes),
      cmocka_unit_test(parentheses_nest_at_most_64_deep),
      cmocka_unit_test(what_a_row_keeps_is_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
