/* Reads expressions: operator precedence with a stack of its own (E. W. Dijkstra's shunting yard), straight
 * into a program. */
#include "core/expression.h"

#include <float.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/decimal.h"
#include "core/expression_build.h"

#define POINTER "/options/distance_expression"

/* The language's tables
 * ----------------------------------------------------------------------------------------- */

enum kind { LEAF, INNER, OPERATOR, ELEMENTWISE, REDUCTION };

static const struct function {
  const char *name;
  int arguments;
  enum kind kind;
} functions[] = {
#define STEP(symbol, name, arguments, kind) [EXPRESSION_##symbol] = {name, arguments, kind},
#include "core/expression.def"
#undef STEP
};

enum { OF_SUM = 1, OF_PRODUCT, OF_SIGN, OF_POWER };

static const struct operator{
  char sign;
  enum expression_operation operation;
  int precedence;
  bool from_right;
}
operators[] = {
    {'+', EXPRESSION_ADD, OF_SUM, false},          {'-', EXPRESSION_SUBTRACT, OF_SUM, false},
    {'*', EXPRESSION_MULTIPLY, OF_PRODUCT, false}, {'/', EXPRESSION_DIVIDE, OF_PRODUCT, false},
    {'^', EXPRESSION_POWER, OF_POWER, true},
};

#define OPERANDS "a", "b", "D", "e", "pi"
static const char *const names[] = {OPERANDS, "abs",  "sqrt", "exp",  "log",  "log1p", "expm1", "sin", "cos",
                                    "tan",    "tanh", "sinh", "cosh", "atan", "sign",  "max",   "min", "pow",
                                    "sum",    "mean", "prod", "amax", "amin", "norm",  "dot"};
#define NAMES (sizeof names / sizeof names[0])

/* The reader's state
 * -------------------------------------------------------------------------------------------- */

/* What waits for its right side: an operator, a call or a parenthesis. */
struct waiting {
  enum { WAITING_OPERATOR, WAITING_CALL, WAITING_PARENTHESIS } kind;
  enum expression_operation operation;
  int precedence; /* of operators */
  int arguments;  /* of calls: begun so far */
  int at;         /* where it stands in the text */
};

struct reader {
  const char *text;
  int length, at;
  int64_t dimension;
  struct expression_builder builder;
  struct lossd_problem *problem;
  int nodes, nesting;
  struct waiting waiting[EXPRESSION_MAX_NODES + EXPRESSION_MAX_NESTING];
  int waiting_count;
  int operand[EXPRESSION_MAX_NODES]; /* steps */
  int operand_count;
};

__attribute__((format(printf, 3, 4))) static int refuse(struct reader *r, int at, const char *format, ...) {
  char what[320];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  return lossd_fail(r->problem, LOSSD_INVALID_OPTION, POINTER, "distance_expression, column %d: %s", at + 1,
                    what);
}

static bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The character `ahead` from here; 0 past the end. */
static char peek(const struct reader *r, int ahead) {
  return r->at + ahead < r->length ? r->text[r->at + ahead] : 0;
}

static void skip_spaces(struct reader *r) {
  while (r->at < r->length && is_space(r->text[r->at])) r->at++;
}

/* How long the name at r->at is. */
static int name_length(const struct reader *r) {
  int n = 0;
  while (is_name_start(peek(r, n)) || (n && is_digit(peek(r, n)))) n++;
  return n;
}

/* The token at r->at, for a message: \"(\", \"sum\", the end. */
static const char *found(const struct reader *r, char text[LOSSD_QUOTE_TEXT + 16]) {
  char quoted[LOSSD_QUOTE_TEXT];
  int n = name_length(r);
  if (r->at >= r->length) return "the end";
  while (is_digit(peek(r, n))) n++;
  if (!n)
    for (n = 1; ((unsigned char)peek(r, n) & 0xC0) == 0x80;) n++;
  snprintf(text, LOSSD_QUOTE_TEXT + 16, "\"%s\"", lossd_quote(r->text + r->at, (size_t)n, quoted));
  return text;
}

static int count_node(struct reader *r, int at) {
  if (++r->nodes <= EXPRESSION_MAX_NODES) return LOSSD_OK;
  refuse(r, at, "more than %d operands, operators and calls", EXPRESSION_MAX_NODES);
  lossd_hint(r->problem, "write it shorter");
  return r->problem->status;
}

static int push_operand(struct reader *r, int at, int step) {
  if (count_node(r, at)) return r->problem->status;
  r->operand[r->operand_count++] = step;
  return LOSSD_OK;
}

/* Operators and calls
 * ------------------------------------------------------------------------------------------- */

/* Every argument of a reduction is a vector. */
static int check_vectors(struct reader *r, const struct waiting *w, const int *argument) {
  const struct function *f = &functions[w->operation];
  for (int i = 0; i < f->arguments; i++) {
    if (r->builder.program->step[argument[i]].vector) continue;
    refuse(r, w->at, "%s takes %s, its %sargument is a number", f->name,
           f->arguments == 1 ? "a vector" : "vectors",
           f->arguments == 1 ? ""
           : i               ? "second "
                             : "first ");
    lossd_hint(r->problem, "leave out %s, or give it a vector such as a - b", f->name);
    return r->problem->status;
  }
  return LOSSD_OK;
}

/* Applies the operator or the call that waits last to the operands that it has. */
static int apply(struct reader *r) {
  const struct waiting *w = &r->waiting[--r->waiting_count];
  const struct function *f = &functions[w->operation];
  r->operand_count -= f->arguments;
  int *const argument = &r->operand[r->operand_count++];
  const int y = f->arguments == 2 ? argument[1] : -1;
  if (f->kind == REDUCTION) {
    if (check_vectors(r, w, argument)) return r->problem->status;
    argument[0] = expression_reduction(&r->builder, w->operation, argument[0], y);
  } else {
    argument[0] = expression_elementwise(&r->builder, w->operation, argument[0], y);
  }
  return LOSSD_OK;
}

/* Applies waiting operators that bind at least as tightly as `precedence`, down to the innermost parenthesis.
 */
static void apply_operators(struct reader *r, int precedence) {
  while (r->waiting_count && r->waiting[r->waiting_count - 1].kind == WAITING_OPERATOR &&
         r->waiting[r->waiting_count - 1].precedence >= precedence)
    apply(r);
}

static int push_operator(struct reader *r, enum expression_operation operation, int precedence) {
  if (count_node(r, r->at)) return r->problem->status;
  r->waiting[r->waiting_count++] = (struct waiting){WAITING_OPERATOR, operation, precedence, 0, r->at};
  r->at++;
  return LOSSD_OK;
}

/* The parenthesis at r->at. */
static int open_parenthesis(struct reader *r, struct waiting waiting) {
  if (++r->nesting > EXPRESSION_MAX_NESTING) {
    refuse(r, r->at, "parentheses are nested more than %d deep", EXPRESSION_MAX_NESTING);
    lossd_hint(r->problem, "nest at most %d", EXPRESSION_MAX_NESTING);
    return r->problem->status;
  }
  r->waiting[r->waiting_count++] = waiting;
  r->at++;
  return LOSSD_OK;
}

static int wrong_arguments(struct reader *r, const struct waiting *w) {
  const struct function *f = &functions[w->operation];
  refuse(r, w->at, "%s takes %d argument%s, found %d", f->name, f->arguments, f->arguments == 1 ? "" : "s",
         w->arguments);
  lossd_hint(r->problem, "write %s(%s)", f->name, f->arguments == 1 ? "x" : "x, y");
  return r->problem->status;
}

static int close_parenthesis(struct reader *r) {
  apply_operators(r, 0);
  if (!r->waiting_count) {
    refuse(r, r->at, "found \")\", which closes nothing");
    lossd_hint(r->problem, "leave it out, or open it with \"(\"");
    return r->problem->status;
  }
  const struct waiting *w = &r->waiting[r->waiting_count - 1];
  r->at++, r->nesting--;
  if (w->kind == WAITING_PARENTHESIS) return r->waiting_count--, LOSSD_OK;
  if (w->arguments != functions[w->operation].arguments) return wrong_arguments(r, w);
  return apply(r);
}

static int next_argument(struct reader *r) {
  apply_operators(r, 0);
  struct waiting *w = r->waiting_count ? &r->waiting[r->waiting_count - 1] : NULL;
  if (!w || w->kind != WAITING_CALL) {
    refuse(r, r->at, "found \",\", which belongs between the arguments of a function");
    lossd_hint(r->problem, "the functions of two arguments are max, min, pow and dot");
    return r->problem->status;
  }
  if (w->arguments == functions[w->operation].arguments) {
    w->arguments++;
    return wrong_arguments(r, w);
  }
  w->arguments++;
  r->at++;
  return LOSSD_OK;
}

/* Operands
 * ------------------------------------------------------------------------------------------------------ */

static int bad_number(struct reader *r, const char *what, const char *cure) {
  refuse(r, r->at, "%s", what);
  lossd_hint(r->problem, "%s", cure);
  return r->problem->status;
}

/* JSON's numbers without their sign: no leading zeros, digits on both sides of a point. */
static int read_number(struct reader *r) {
  int n = 0;
  while (is_digit(peek(r, n))) n++;
  if (n == 0) return bad_number(r, "a number begins with \".\"", "write 0.5 for .5");
  if (n > 1 && peek(r, 0) == '0') return bad_number(r, "a number begins with 0", "leave out leading zeros");
  if (peek(r, n) == '.' && !is_digit(peek(r, n + 1)))
    return bad_number(r, "a number ends with \".\"", "write 1.0 or 1 for 1.");
  if (peek(r, n) == '.')
    for (n++; is_digit(peek(r, n));) n++;
  if (peek(r, n) == 'e' || peek(r, n) == 'E') {
    const int sign = peek(r, n + 1) == '-' || peek(r, n + 1) == '+';
    if (is_digit(peek(r, n + 1 + sign)))
      for (n += 2 + sign; is_digit(peek(r, n));) n++;
  }
  char text[EXPRESSION_MAX_BYTES + 1];
  memcpy(text, r->text + r->at, (size_t)n);
  text[n] = 0;
  const double number = lossd_decimal_read(text);
  if (!(number <= DBL_MAX)) return bad_number(r, "a number is too large", "the largest is about 1.8e308");
  const int at = r->at;
  r->at += n;
  return push_operand(r, at, expression_constant(&r->builder, number));
}

static bool is_named(const struct reader *r, int n, const char *name) {
  return (int)strlen(name) == n && !memcmp(r->text + r->at, name, (size_t)n);
}

static int unknown_name(struct reader *r, int n) {
  char quoted[LOSSD_QUOTE_TEXT], all[200] = "";
  for (size_t i = 0, used = 0; i < NAMES && used < sizeof all; i++)
    used += (size_t)snprintf(all + used, sizeof all - used, " %s", names[i]);
  const char *nearest = lossd_nearest(r->text + r->at, (size_t)n, names, NAMES);
  refuse(r, r->at, "there is no name \"%s\"", lossd_quote(r->text + r->at, (size_t)n, quoted));
  lossd_hint(r->problem, "%s%s%sthe names are%s", nearest ? "did you mean " : "", nearest ? nearest : "",
             nearest ? "? " : "", all);
  return r->problem->status;
}

static int read_call(struct reader *r, enum expression_operation operation, int n) {
  const int at = r->at;
  const char *const name = functions[operation].name;
  r->at += n;
  skip_spaces(r);
  if (peek(r, 0) != '(') {
    refuse(r, at, "%s is a function, expected \"(\" after it", name);
    lossd_hint(r->problem, "write %s(%s)", name, functions[operation].arguments == 1 ? "a - b" : "a, b");
    return r->problem->status;
  }
  if (count_node(r, at)) return r->problem->status;
  return open_parenthesis(r, (struct waiting){WAITING_CALL, operation, 0, 1, at});
}

static int read_name(struct reader *r, bool *is_call) {
  const int n = name_length(r), at = r->at;
  struct expression_builder *const b = &r->builder;
  *is_call = false;
  for (int i = 0; i < EXPRESSION_OPERATIONS; i++) {
    if (functions[i].kind < ELEMENTWISE || !is_named(r, n, functions[i].name)) continue;
    *is_call = true;
    return read_call(r, (enum expression_operation)i, n);
  }
  int step = -1;
  if (is_named(r, n, "a")) step = expression_vector(b, EXPRESSION_VECTOR_A);
  if (is_named(r, n, "b")) step = expression_vector(b, EXPRESSION_VECTOR_B);
  if (is_named(r, n, "D")) step = expression_constant(b, (double)r->dimension);
  if (is_named(r, n, "e")) step = expression_constant(b, 2.71828182845904523536);
  if (is_named(r, n, "pi")) step = expression_constant(b, 3.14159265358979323846);
  if (step < 0) return unknown_name(r, n);
  r->at += n;
  return push_operand(r, at, step);
}

static int expected_operand(struct reader *r) {
  char text[LOSSD_QUOTE_TEXT + 16];
  refuse(r, r->at, "found %s, expected a number, a vector, a function or \"(\"", found(r, text));
  lossd_hint(r->problem,
             peek(r, 0) == '+' ? "leave out the sign" : "an example: sqrt(sum((a - b)^2) + 1e-12)");
  return r->problem->status;
}

/* What stands where an operand is due; *complete when it is one, and not merely the beginning of one. */
static int read_operand(struct reader *r, bool *complete) {
  const char c = peek(r, 0);
  bool is_call = false;
  *complete = false;
  if (c == '(') return open_parenthesis(r, (struct waiting){.kind = WAITING_PARENTHESIS, .at = r->at});
  if (c == '-') return push_operator(r, EXPRESSION_NEGATE, OF_SIGN);
  if (is_digit(c) || c == '.') return *complete = true, read_number(r);
  if (!is_name_start(c)) return expected_operand(r);
  const int status = read_name(r, &is_call);
  *complete = !is_call;
  return status;
}

/* What stands behind an operand; *complete while no other one is due. */
static int read_operator(struct reader *r, bool *complete) {
  char text[LOSSD_QUOTE_TEXT + 16];
  const char c = peek(r, 0);
  if (c == ')') return close_parenthesis(r);
  *complete = false;
  if (c == ',') return next_argument(r);
  for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
    const struct operator* const o = & operators[i];
    if (o->sign != c) continue;
    apply_operators(r, o->precedence + o->from_right);
    return push_operator(r, o->operation, o->precedence);
  }
  refuse(r, r->at, "found %s, expected an operator, \")\" or the end", found(r, text));
  lossd_hint(r->problem, c == '(' || is_digit(c) || is_name_start(c) ? "write * between factors"
                                                                     : "the operators are + - * / ^");
  return r->problem->status;
}

/* All of it
 * ---------------------------------------------------------------------------------------------------- */

static int read_all(struct reader *r) {
  bool complete = false;
  for (skip_spaces(r); r->at < r->length; skip_spaces(r))
    if (complete ? read_operator(r, &complete) : read_operand(r, &complete)) return r->problem->status;
  if (!complete) return expected_operand(r);
  apply_operators(r, 0);
  if (!r->waiting_count) return LOSSD_OK;
  refuse(r, r->waiting[r->waiting_count - 1].at, "a parenthesis is not closed");
  lossd_hint(r->problem, "add \")\"");
  return r->problem->status;
}

static int vector_result(struct reader *r) {
  lossd_fail(r->problem, LOSSD_INVALID_OPTION, POINTER,
             "distance_expression gives a vector of %lld numbers, expected a number",
             (long long)r->dimension);
  lossd_hint(r->problem, "reduce it with sum, mean, norm, amax or dot: sum((a - b)^2)");
  return r->problem->status;
}

static int too_long(struct lossd_problem *problem, size_t length) {
  lossd_fail(problem, LOSSD_INVALID_OPTION, POINTER, "distance_expression has %zu bytes, expected at most %d",
             length, EXPRESSION_MAX_BYTES);
  lossd_hint(problem, "write it shorter");
  return problem->status;
}

static int too_large(const struct lossd_expression *program, int64_t length, struct lossd_problem *problem) {
  lossd_fail(
      problem, LOSSD_TOO_MANY_ELEMENTS, POINTER,
      "distance_expression keeps %d vectors of %lld numbers each, expected at most %lld numbers in all",
      program->vectors, (long long)length, (long long)EXPRESSION_MAX_ROW);
  lossd_hint(problem, "write it shorter, or send shorter vectors");
  return problem->status;
}

int lossd_expression_compile(const struct lossd_expression **expression, const char *text, size_t text_length,
                             int64_t length, struct lossd_arena *arena, struct lossd_problem *problem) {
  if (text_length > EXPRESSION_MAX_BYTES) return too_long(problem, text_length);
  const size_t nodes = text_length < EXPRESSION_MAX_NODES ? text_length : EXPRESSION_MAX_NODES;
  struct lossd_expression *program = lossd_arena_alloc(
      arena, 1, sizeof *program + nodes * EXPRESSION_STEPS_A_NODE * sizeof program->step[0]);
  if (!program) return lossd_fail(problem, LOSSD_OUT_OF_MEMORY, "", "no memory for an expression");
  *program = (struct lossd_expression){.count = 0};
  struct reader r = {.text = text,
                     .length = (int)text_length,
                     .dimension = length,
                     .builder = {program},
                     .problem = problem};
  if (read_all(&r)) return problem->status;
  const int result = r.operand[0];
  if (program->step[result].vector) return vector_result(&r);
  expression_complete(&r.builder, result);
  if (program->vectors && length > EXPRESSION_MAX_ROW / program->vectors)
    return too_large(program, length, problem);
  *expression = program;
  return LOSSD_OK;
}
