/* Reads expressions: operator precedence with a stack of its own (E. W. Dijkstra's shunting yard), straight
 * into a program. */
#include "core/expression.h"

#include <stdio.h>

#include "core/expression_build.h"
#include "core/expression_text.h"

/* ---- The language's tables ---- */

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

static const struct infix {
  char sign;
  enum expression_operation operation;
  int precedence;
  bool from_right;
} infixes[] = {
    {'+', EXPRESSION_ADD, OF_SUM, false},          {'-', EXPRESSION_SUBTRACT, OF_SUM, false},
    {'*', EXPRESSION_MULTIPLY, OF_PRODUCT, false}, {'/', EXPRESSION_DIVIDE, OF_PRODUCT, false},
    {'^', EXPRESSION_POWER, OF_POWER, true},
};

enum { OPERAND_A, OPERAND_B, OPERAND_D, OPERAND_E, OPERAND_PI, OPERANDS };
static const char *const operands[OPERANDS] = {"a", "b", "D", "e", "pi"};

/* All names of the language; how many they are. */
static size_t list_names(const char *names[OPERANDS + EXPRESSION_OPERATIONS]) {
  size_t count = 0;
  for (int i = 0; i < OPERANDS; i++) names[count++] = operands[i];
  for (int i = 0; i < EXPRESSION_OPERATIONS; i++)
    if (functions[i].kind >= ELEMENTWISE) names[count++] = functions[i].name;
  return count;
}

/* ---- The reader's state ---- */

/* What waits for its right side: an operator, a call or a parenthesis. */
struct waiting {
  enum { WAITING_OPERATOR, WAITING_CALL, WAITING_PARENTHESIS } kind;
  enum expression_operation operation;
  int precedence; /* of operators */
  int arguments;  /* of calls: begun so far */
  int at;         /* where it stands in the text */
};

struct reader {
  struct expression_text text;
  struct lossd_expression *program;
  struct lossd_problem *problem;
  int64_t dimension;
  int nodes, nesting;
  struct waiting waiting[EXPRESSION_MAX_NODES + EXPRESSION_MAX_NESTING];
  int waiting_count;
  int operand[EXPRESSION_MAX_NODES]; /* steps */
  int operand_count;
};

static int count_node(struct reader *r, int at) {
  if (++r->nodes <= EXPRESSION_MAX_NODES) return LOSSD_OK;
  lossd_expression_refuse(&r->text, at, "more than %d operands, operators and calls", EXPRESSION_MAX_NODES);
  lossd_hint(r->problem, "write it shorter");
  return r->problem->status;
}

static int push_operand(struct reader *r, int at, int step) {
  if (count_node(r, at)) return r->problem->status;
  r->operand[r->operand_count++] = step;
  return LOSSD_OK;
}

/* ---- Operators and calls ---- */

/* Every argument of a reduction is a vector. */
static int check_vectors(struct reader *r, const struct waiting *w, const int *argument) {
  const struct function *f = &functions[w->operation];
  for (int i = 0; i < f->arguments; i++) {
    if (r->program->step[argument[i]].vector) continue;
    lossd_expression_refuse(&r->text, w->at, "%s takes %s, its %sargument is a number", f->name,
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
    argument[0] = lossd_expression_reduction(r->program, w->operation, argument[0], y);
  } else {
    argument[0] = lossd_expression_elementwise(r->program, w->operation, argument[0], y);
  }
  return LOSSD_OK;
}

/* Applies waiting operators that bind at least as tightly as `precedence`, down to
 * the innermost parenthesis. */
static void apply_operators(struct reader *r, int precedence) {
  while (r->waiting_count && r->waiting[r->waiting_count - 1].kind == WAITING_OPERATOR &&
         r->waiting[r->waiting_count - 1].precedence >= precedence)
    apply(r);
}

static int push_operator(struct reader *r, enum expression_operation operation, int precedence) {
  if (count_node(r, r->text.at)) return r->problem->status;
  r->waiting[r->waiting_count++] = (struct waiting){WAITING_OPERATOR, operation, precedence, 0, r->text.at};
  r->text.at++;
  return LOSSD_OK;
}

/* The parenthesis at r->text.at. */
static int open_parenthesis(struct reader *r, struct waiting waiting) {
  if (++r->nesting > EXPRESSION_MAX_NESTING) {
    lossd_expression_refuse(&r->text, r->text.at, "parentheses are nested more than %d deep",
                            EXPRESSION_MAX_NESTING);
    lossd_hint(r->problem, "nest at most %d", EXPRESSION_MAX_NESTING);
    return r->problem->status;
  }
  r->waiting[r->waiting_count++] = waiting;
  r->text.at++;
  return LOSSD_OK;
}

static int wrong_arguments(struct reader *r, const struct waiting *w) {
  const struct function *f = &functions[w->operation];
  lossd_expression_refuse(&r->text, w->at, "%s takes %d argument%s, found %d", f->name, f->arguments,
                          f->arguments == 1 ? "" : "s", w->arguments);
  lossd_hint(r->problem, "write %s(%s)", f->name, f->arguments == 1 ? "x" : "x, y");
  return r->problem->status;
}

static int close_parenthesis(struct reader *r) {
  apply_operators(r, 0);
  if (!r->waiting_count) {
    lossd_expression_refuse(&r->text, r->text.at, "found \")\", which closes nothing");
    lossd_hint(r->problem, "leave it out, or open it with \"(\"");
    return r->problem->status;
  }
  const struct waiting *w = &r->waiting[r->waiting_count - 1];
  r->text.at++, r->nesting--;
  if (w->kind == WAITING_PARENTHESIS) return r->waiting_count--, LOSSD_OK;
  if (w->arguments != functions[w->operation].arguments) return wrong_arguments(r, w);
  return apply(r);
}

static int next_argument(struct reader *r) {
  apply_operators(r, 0);
  struct waiting *w = r->waiting_count ? &r->waiting[r->waiting_count - 1] : NULL;
  if (!w || w->kind != WAITING_CALL) {
    lossd_expression_refuse(&r->text, r->text.at,
                            "found \",\", which belongs between the arguments of a function");
    lossd_hint(r->problem, "the functions of two arguments are max, min, pow and dot");
    return r->problem->status;
  }
  if (w->arguments == functions[w->operation].arguments) {
    w->arguments++;
    return wrong_arguments(r, w);
  }
  w->arguments++;
  r->text.at++;
  return LOSSD_OK;
}

/* ---- Operands ---- */

static int read_number(struct reader *r) {
  const int at = r->text.at;
  double number;
  if (lossd_expression_read_number(&r->text, &number)) return r->problem->status;
  return push_operand(r, at, lossd_expression_constant(r->program, number));
}

static int unknown_name(struct reader *r, int n) {
  const struct expression_text *const t = &r->text;
  const char *names[OPERANDS + EXPRESSION_OPERATIONS];
  const size_t count = list_names(names);
  char quoted[LOSSD_QUOTE_TEXT], all[200] = "";
  for (size_t i = 0, used = 0; i < count && used < sizeof all; i++)
    used += (size_t)snprintf(all + used, sizeof all - used, " %s", names[i]);
  const char *nearest = lossd_nearest(t->bytes + t->at, (size_t)n, names, count);
  lossd_expression_refuse(t, t->at, "there is no name \"%s\"",
                          lossd_quote(t->bytes + t->at, (size_t)n, quoted));
  lossd_hint(r->problem, "%s%s%sthe names are%s", nearest ? "did you mean " : "", nearest ? nearest : "",
             nearest ? "? " : "", all);
  return r->problem->status;
}

static int read_call(struct reader *r, enum expression_operation operation, int n) {
  const int at = r->text.at;
  const char *const name = functions[operation].name;
  r->text.at += n;
  lossd_expression_skip_spaces(&r->text);
  if (lossd_expression_peek(&r->text, 0) != '(') {
    lossd_expression_refuse(&r->text, at, "%s is a function, expected \"(\" after it", name);
    lossd_hint(r->problem, "write %s(%s)", name, functions[operation].arguments == 1 ? "a - b" : "a, b");
    return r->problem->status;
  }
  if (count_node(r, at)) return r->problem->status;
  return open_parenthesis(r, (struct waiting){WAITING_CALL, operation, 0, 1, at});
}

static int operand_step(struct reader *r, int operand) {
  switch (operand) {
  case OPERAND_A: return lossd_expression_vector(r->program, EXPRESSION_VECTOR_A);
  case OPERAND_B: return lossd_expression_vector(r->program, EXPRESSION_VECTOR_B);
  case OPERAND_D: return lossd_expression_constant(r->program, (double)r->dimension);
  case OPERAND_E: return lossd_expression_constant(r->program, 2.71828182845904523536);
  default: return lossd_expression_constant(r->program, 3.14159265358979323846);
  }
}

static int read_name(struct reader *r, bool *is_call) {
  const int n = lossd_expression_name_length(&r->text), at = r->text.at;
  *is_call = false;
  for (int i = 0; i < EXPRESSION_OPERATIONS; i++) {
    if (functions[i].kind < ELEMENTWISE || !lossd_expression_is_named(&r->text, n, functions[i].name))
      continue;
    *is_call = true;
    return read_call(r, (enum expression_operation)i, n);
  }
  for (int i = 0; i < OPERANDS; i++) {
    if (!lossd_expression_is_named(&r->text, n, operands[i])) continue;
    r->text.at += n;
    return push_operand(r, at, operand_step(r, i));
  }
  return unknown_name(r, n);
}

static int expected_operand(struct reader *r) {
  char text[EXPRESSION_FOUND_TEXT];
  lossd_expression_refuse(&r->text, r->text.at, "found %s, expected a number, a vector, a function or \"(\"",
                          lossd_expression_found(&r->text, text));
  lossd_hint(r->problem, lossd_expression_peek(&r->text, 0) == '+'
                             ? "leave out the sign"
                             : "an example: sqrt(sum((a - b)^2) + 1e-12)");
  return r->problem->status;
}

/* What stands where an operand is due; *complete when it is one, and not merely the beginning of one. */
static int read_operand(struct reader *r, bool *complete) {
  const char c = lossd_expression_peek(&r->text, 0);
  bool is_call = false;
  *complete = false;
  if (c == '(') return open_parenthesis(r, (struct waiting){.kind = WAITING_PARENTHESIS, .at = r->text.at});
  if (c == '-') return push_operator(r, EXPRESSION_NEGATE, OF_SIGN);
  if (lossd_expression_is_digit(c) || c == '.') return *complete = true, read_number(r);
  if (!lossd_expression_begins_name(c)) return expected_operand(r);
  const int status = read_name(r, &is_call);
  *complete = !is_call;
  return status;
}

/* What stands behind an operand; *complete while no other one is due. */
static int read_operator(struct reader *r, bool *complete) {
  char text[EXPRESSION_FOUND_TEXT];
  const char c = lossd_expression_peek(&r->text, 0);
  if (c == ')') return close_parenthesis(r);
  *complete = false;
  if (c == ',') return next_argument(r);
  for (size_t i = 0; i < sizeof infixes / sizeof infixes[0]; i++) {
    const struct infix *const infix = &infixes[i];
    if (infix->sign != c) continue;
    apply_operators(r, infix->precedence + infix->from_right);
    return push_operator(r, infix->operation, infix->precedence);
  }
  lossd_expression_refuse(&r->text, r->text.at, "found %s, expected an operator, \")\" or the end",
                          lossd_expression_found(&r->text, text));
  lossd_hint(r->problem, c == '(' || lossd_expression_is_digit(c) || lossd_expression_begins_name(c)
                             ? "write * between factors"
                             : "the operators are + - * / ^");
  return r->problem->status;
}

/* ---- All of it ---- */

static int read_all(struct reader *r) {
  bool complete = false;
  for (lossd_expression_skip_spaces(&r->text); r->text.at < r->text.length;
       lossd_expression_skip_spaces(&r->text))
    if (complete ? read_operator(r, &complete) : read_operand(r, &complete)) return r->problem->status;
  if (!complete) return expected_operand(r);
  apply_operators(r, 0);
  if (!r->waiting_count) return LOSSD_OK;
  lossd_expression_refuse(&r->text, r->waiting[r->waiting_count - 1].at, "a parenthesis is not closed");
  lossd_hint(r->problem, "add \")\"");
  return r->problem->status;
}

static int vector_result(struct reader *r) {
  lossd_fail(r->problem, LOSSD_INVALID_OPTION, EXPRESSION_POINTER,
             "distance_expression gives a vector of %lld numbers, expected a number",
             (long long)r->dimension);
  lossd_hint(r->problem, "reduce it with sum, mean, norm, amax or dot: sum((a - b)^2)");
  return r->problem->status;
}

static int too_long(struct lossd_problem *problem, size_t length) {
  lossd_fail(problem, LOSSD_INVALID_OPTION, EXPRESSION_POINTER,
             "distance_expression has %zu bytes, expected at most %d", length, EXPRESSION_MAX_BYTES);
  lossd_hint(problem, "write it shorter");
  return problem->status;
}

static int too_large(const struct lossd_expression *program, int64_t length, struct lossd_problem *problem) {
  lossd_fail(
      problem, LOSSD_TOO_MANY_ELEMENTS, EXPRESSION_POINTER,
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
  if (!program) return lossd_fail(problem, LOSSD_OUT_OF_MEMORY, NULL, "no memory for an expression");
  *program = (struct lossd_expression){.count = 0};
  struct reader r = {.text = {.bytes = text, .length = (int)text_length, .problem = problem},
                     .program = program,
                     .problem = problem,
                     .dimension = length};
  if (read_all(&r)) return problem->status;
  const int result = r.operand[0];
  if (program->step[result].vector) return vector_result(&r);
  lossd_expression_complete(program, result);
  if (program->vectors && length > EXPRESSION_MAX_ROW / program->vectors)
    return too_large(program, length, problem);
  *expression = program;
  return LOSSD_OK;
}
