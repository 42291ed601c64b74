/* CTCLoss's plan: shapes and lengths, then labels. */
#include "core/ctc.h"

#include "core/evaluation.h"
#include "core/gather.h"

static int64_t integer_at(const struct lossd_plan *p, int role, int64_t i) {
  const struct lossd_view *view = &p->view[role];
  return load_integer(view->dtype, view->data + i * (int64_t)lossd_dtype_size(view->dtype));
}

/* lengths[i] from the role, or `full` where it is absent. */
static int take_lengths(struct lossd_plan *p, int role, int64_t full, int64_t *lengths,
                        struct lossd_problem *problem) {
  const struct ctc_batch *b = p->context;
  const char *name = lossd_input_name(p->loss, role);
  char pointer[LOSSD_INPUT_POINTER], found[LOSSD_SHAPE_TEXT];
  lossd_input_pointer(p->loss, role, pointer);
  if (lossd_is_present(p->evaluation, role) &&
      (p->shape[role].rank > 1 || lossd_shape_count(&p->shape[role]) != b->count ||
       (!p->shape[role].rank && p->rows.rank))) {
    lossd_fail(problem, LOSSD_SHAPE_MISMATCH, pointer, "%s has shape %s, input has %lld sequences", name,
               lossd_shape_text(&p->shape[role], found), (long long)b->count);
    lossd_hint(problem, "send one length for each sequence");
    return problem->status;
  }
  for (int64_t i = 0; i < b->count; i++) {
    lengths[i] = lossd_is_present(p->evaluation, role) ? integer_at(p, role, i) : full;
    if (lengths[i] >= 0 && lengths[i] <= full) continue;
    lossd_fail(problem, LOSSD_INDEX_OUT_OF_RANGE, pointer, "%s is %lld at sequence %lld, expected 0 to %lld",
               name, (long long)lengths[i], (long long)i, (long long)full);
    lossd_hint(problem, "send lengths of 0 to %lld", (long long)full);
    return problem->status;
  }
  return LOSSD_OK;
}

static int target_problem(const struct lossd_plan *p, const char *rule, struct lossd_problem *problem) {
  return lossd_shape_problem(p, TARGET, INPUT, rule, problem);
}

static bool is_left_out(const struct lossd_plan *p, int64_t sequence) {
  const struct lossd_view *view = &p->view[LOSSD_SAMPLE_WEIGHT];
  double weight = 1;
  size_t pitch;
  return view->length && *load_rows(p, view, sequence, 1, &weight, &pitch) == 0;
}

int lossd_ctc_take_labels(struct lossd_plan *p, struct lossd_problem *problem) {
  struct ctc_batch *b = p->context;
  const int64_t blank = (int64_t)p->option[BLANK];
  for (int64_t i = 0; i < b->count; i++) {
    if (is_left_out(p, i)) continue;
    const int64_t from = b->padded ? i * b->padded : b->first[i];
    for (int64_t k = 0; k < b->first[i + 1] - b->first[i]; k++) {
      const int64_t label = b->labels[b->first[i] + k] = integer_at(p, TARGET, from + k);
      if (label >= 0 && label < b->classes && label != blank) continue;
      lossd_fail(problem, LOSSD_INDEX_OUT_OF_RANGE, "/target",
                 "target is %lld at label %lld of sequence %lld, expected 0 to %lld and not the blank, %lld",
                 (long long)label, (long long)k, (long long)i, (long long)b->classes - 1, (long long)blank);
      lossd_hint(problem, "send labels that are classes of input, without blanks");
      return problem->status;
    }
  }
  return LOSSD_OK;
}

static int no_memory(struct lossd_problem *problem) {
  return lossd_fail(problem, LOSSD_OUT_OF_MEMORY, NULL, "no memory for the labels");
}

/* Lengths, and room for the labels: target is (N, S), or (S) for one sequence, or all targets one after
 * another. */
static int take_targets(struct lossd_plan *p, struct lossd_problem *problem) {
  struct ctc_batch *b = p->context;
  const struct lossd_shape *target = &p->shape[TARGET];
  const bool concatenated = target->rank == 1 && b->count != 1;
  const int64_t size = target->rank ? target->dim[target->rank - 1] : 0;
  if (target->rank < 1 || target->rank > 2 ||
      (target->rank == 2 && (!p->rows.rank || target->dim[0] != b->count)))
    return target_problem(p, "expected (N, S), (S), or the N targets in one row", problem);
  if (concatenated && b->count && !lossd_is_present(p->evaluation, TARGET_LENGTHS)) {
    lossd_fail(problem, LOSSD_MISSING_ROLE, "/target_lengths",
               "target holds %lld targets in one row, and their lengths are missing", (long long)b->count);
    lossd_hint(problem, "send target_lengths, or target in shape (N, S)");
    return problem->status;
  }
  b->first = lossd_arena_alloc(p->arena, (size_t)b->count + 1, sizeof *b->first);
  if (!b->first) return no_memory(problem);
  if (take_lengths(p, TARGET_LENGTHS, size, b->first + 1, problem)) return problem->status;
  b->first[0] = 0;
  for (int64_t i = 1; i <= b->count; i++) {
    if (b->first[i] > b->longest) b->longest = b->first[i];
    b->first[i] += b->first[i - 1];
    if (concatenated && b->first[i] > size)
      return target_problem(p, "target_lengths add up to more", problem);
  }
  if (concatenated && b->first[b->count] != size)
    return target_problem(p, "target_lengths add up to less", problem);
  b->labels = lossd_arena_alloc(p->arena, (size_t)b->first[b->count], sizeof *b->labels);
  b->padded = concatenated ? 0 : size;
  return b->labels ? LOSSD_OK : no_memory(problem);
}

static int take_input(struct lossd_plan *p, struct lossd_problem *problem) {
  struct ctc_batch *b = p->context;
  const struct lossd_shape *input = &p->shape[INPUT];
  char found[LOSSD_SHAPE_TEXT];
  const bool batched = input->rank == 3;
  if (input->rank != 2 && !batched)
    return lossd_fail(problem, LOSSD_INVALID_SHAPE, "/input",
                      "input has shape %s, expected (T, N, C) or (T, C)", lossd_shape_text(input, found));
  *b = (struct ctc_batch){
      .frames = input->dim[0], .count = batched ? input->dim[1] : 1, .classes = input->dim[batched ? 2 : 1]};
  if (b->frames < 1 || b->classes < 1)
    return lossd_fail(problem, LOSSD_INVALID_SHAPE, "/input",
                      "input has shape %s, expected at least one frame and one class",
                      lossd_shape_text(input, found));
  if (p->option[BLANK] >= (double)b->classes) {
    lossd_fail(problem, LOSSD_INVALID_OPTION, "/options/blank", "blank is %.0f, input has %lld classes",
               p->option[BLANK], (long long)b->classes);
    lossd_hint(problem, "send 0 to %lld", (long long)b->classes - 1);
    return problem->status;
  }
  p->rows = (struct lossd_shape){.rank = batched, .dim = {b->count}};
  p->row_count = b->count;
  struct lossd_view *view = &p->view[INPUT];
  view->length = b->classes;
  view->step = 1;
  view->stride[0] = b->classes;
  if (p->option[INPUT_KIND] == KIND_PROBABILITIES) view->domain = LOSSD_UNIT_INTERVAL;
  return LOSSD_OK;
}

int lossd_ctc_plan(struct lossd_plan *p, struct lossd_problem *problem) {
  struct ctc_batch *b = p->context = lossd_arena_alloc(p->arena, 1, sizeof *b);
  if (!b) return no_memory(problem);
  if (take_input(p, problem)) return problem->status;
  b->input_length = lossd_arena_alloc(p->arena, (size_t)b->count, sizeof *b->input_length);
  if (!b->input_length) return no_memory(problem);
  if (take_lengths(p, INPUT_LENGTHS, b->frames, b->input_length, problem) || take_targets(p, problem))
    return problem->status;
  const int64_t states = 2 * b->longest + 1, widest = states > b->classes ? states : b->classes;
  if (__builtin_mul_overflow(b->frames, b->count, &p->elements) ||
      __builtin_mul_overflow(p->elements, widest, &p->elements))
    p->elements = INT64_MAX;
  return LOSSD_OK;
}
