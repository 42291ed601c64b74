/* The writer of JSON where text does not fit into any memory. */
#include "unit.h"

#include "api/tensor_text.h"

static void begin(struct lossd_json_text *out, struct lossd_arena *arena) {
  lossd_arena_init(arena, NULL);
  lossd_json_init(out, arena, 64);
  lossd_json_open(out, '[');
}

static void room_that_no_memory_has_fails(void **state) {
  (void)state;
  struct lossd_arena arena;
  struct lossd_json_text out;
  for (size_t bytes = SIZE_MAX; bytes > SIZE_MAX / 8; bytes /= 2) {
    begin(&out, &arena);
    assert_null(lossd_json_reserve(&out, bytes));
    assert_true(out.failed);
    lossd_arena_reset(&arena);
  }
}

/* It has no number, but more brackets than a size can say. */
static void a_tensor_of_too_many_empty_arrays_fails(void **state) {
  (void)state;
  const struct lossd_tensor tensor = {LOSSD_FLOAT64, {3, {INT64_C(1) << 40, INT64_C(1) << 40, 0}}, NULL};
  struct lossd_arena arena;
  struct lossd_json_text out;
  begin(&out, &arena);
  lossd_tensor_text(&out, &tensor, false, NULL);
  assert_true(out.failed);
  lossd_arena_reset(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(room_that_no_memory_has_fails),
                                     cmocka_unit_test(a_tensor_of_too_many_empty_arrays_fails)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
