#include "core/expression_build.h"

#include "core/expression_math.h"

static bool same_step(const struct expression_step *a, const struct expression_step *b) {
  return a->operation == b->operation && a->x == b->x && a->y == b->y &&
         bits_f64(a->constant) == bits_f64(b->constant);
}

static int add_step(struct lossd_expression *program, struct expression_step step) {
  for (int i = 0; i < program->count; i++)
    if (same_step(&program->step[i], &step)) return i;
  program->step[program->count] = step;
  return program->count++;
}

static bool is_constant(const struct lossd_expression *program, int i) {
  return i < 0 || program->step[i].operation == EXPRESSION_CONSTANT;
}

static int broadcast(struct lossd_expression *program, int x) {
  if (program->step[x].vector) return x;
  return add_step(program, (struct expression_step){
                               .operation = EXPRESSION_BROADCAST, .vector = true, .x = (int16_t)x, .y = -1});
}

int lossd_expression_constant(struct lossd_expression *program, double constant) {
  return add_step(program, (struct expression_step){
                               .operation = EXPRESSION_CONSTANT, .x = -1, .y = -1, .constant = constant});
}

int lossd_expression_vector(struct lossd_expression *program, enum expression_operation which) {
  return add_step(program,
                  (struct expression_step){.operation = (uint8_t)which, .vector = true, .x = -1, .y = -1});
}

static int multiply(struct lossd_expression *program, int x, int y) {
  return add_step(program, (struct expression_step){.operation = EXPRESSION_MULTIPLY,
                                                    .vector = program->step[x].vector,
                                                    .x = (int16_t)x,
                                                    .y = (int16_t)y});
}

/* x^2, x^3 or x^4, or -1 for another power. */
static int whole_power(struct lossd_expression *program, int x, double power) {
  if (power != 2 && power != 3 && power != 4) return -1;
  const int square = multiply(program, x, x);
  return power == 2 ? square : multiply(program, square, power == 3 ? x : square);
}

int lossd_expression_elementwise(struct lossd_expression *program, enum expression_operation operation, int x,
                                 int y) {
  const double constant_x = program->step[x].constant, constant_y = y < 0 ? 0 : program->step[y].constant;
  if (is_constant(program, x) && is_constant(program, y))
    return lossd_expression_constant(program, expression_value(operation, constant_x, constant_y));
  if (operation == EXPRESSION_POWER && is_constant(program, y)) {
    const int power = whole_power(program, x, constant_y);
    if (power >= 0) return power;
  }
  const bool vector = program->step[x].vector || (y >= 0 && program->step[y].vector);
  if (vector) x = broadcast(program, x);
  if (vector && y >= 0) y = broadcast(program, y);
  return add_step(program,
                  (struct expression_step){
                      .operation = (uint8_t)operation, .vector = vector, .x = (int16_t)x, .y = (int16_t)y});
}

int lossd_expression_reduction(struct lossd_expression *program, enum expression_operation operation, int x,
                               int y) {
  return add_step(
      program, (struct expression_step){.operation = (uint8_t)operation, .x = (int16_t)x, .y = (int16_t)y});
}

/* ---- Completion ---- */

static void drop_unused(struct lossd_expression *p, int result) {
  int16_t moved[EXPRESSION_STEPS_A_NODE * EXPRESSION_MAX_NODES];
  bool used[EXPRESSION_STEPS_A_NODE * EXPRESSION_MAX_NODES] = {false};
  used[result] = true;
  for (int i = result; i >= 0; i--) {
    if (!used[i]) continue;
    if (p->step[i].x >= 0) used[p->step[i].x] = true;
    if (p->step[i].y >= 0) used[p->step[i].y] = true;
  }
  p->count = 0;
  for (int i = 0; i <= result; i++) {
    if (!used[i]) continue;
    struct expression_step step = p->step[i];
    if (step.x >= 0) step.x = moved[step.x];
    if (step.y >= 0) step.y = moved[step.y];
    moved[i] = (int16_t)p->count;
    p->step[p->count++] = step;
  }
}

static void place_values(struct lossd_expression *p) {
  for (int i = 0; i < p->count; i++)
    p->step[i].slot = (int16_t)(p->step[i].vector ? p->vectors++ : p->numbers++);
}

/* varies[i]: step i changes with a or b, other than in jumps. */
static void find_varying(const struct lossd_expression *p, bool varies[]) {
  for (int i = 0; i < p->count; i++) {
    const struct expression_step *s = &p->step[i];
    const bool vector = s->operation == EXPRESSION_VECTOR_A || s->operation == EXPRESSION_VECTOR_B;
    const bool operands = (s->x >= 0 && varies[s->x]) || (s->y >= 0 && varies[s->y]);
    varies[i] = vector || (operands && s->operation != EXPRESSION_SIGN);
  }
}

static void plan_derivatives(struct lossd_expression *p) {
  bool varies[EXPRESSION_STEPS_A_NODE * EXPRESSION_MAX_NODES] = {false};
  find_varying(p, varies);
  p->step[p->count - 1].wanted = varies[p->count - 1];
  for (int i = p->count - 1; i >= 0; i--) {
    struct expression_step *s = &p->step[i];
    if (!s->wanted) continue;
    s->wants_x = s->x >= 0 && varies[s->x];
    s->first_x = s->wants_x && !p->step[s->x].wanted;
    if (s->wants_x) p->step[s->x].wanted = true;
    s->wants_y = s->y >= 0 && varies[s->y];
    s->first_y = s->wants_y && !p->step[s->y].wanted;
    if (s->wants_y) p->step[s->y].wanted = true;
  }
}

void lossd_expression_complete(struct lossd_expression *program, int result) {
  drop_unused(program, result);
  place_values(program);
  plan_derivatives(program);
}
