/* Open Inference Protocol v2: what the server and its models are. */
#include "api/open_inference.h"

#include "tests/unit.h"

static void describes_the_server(void **state) {
  (void)state;
  struct lossd_arena arena;
  size_t length;
  lossd_arena_init(&arena, NULL);
  const char *text = lossd_open_inference_server(&arena, &length);
  static const char expected[] =
      "{\"name\":\"lossd\",\"version\":\"" LOSSD_VERSION "\",\"extensions\":[\"binary_tensor_data\"]}";
  assert_int_equal(length, strlen(expected));
  assert_memory_equal(text, expected, length);
  lossd_arena_reset(&arena);
}

static void describes_a_model(void **state) {
  (void)state;
  static const char expected[] =
      "{\"name\":\"CrossEntropyLoss\",\"versions\":[\"1\"],\"platform\":\"lossd\",\"inputs\":["
      "{\"name\":\"input\",\"datatype\":\"FP32\",\"shape\":[-1]},"
      "{\"name\":\"target\",\"datatype\":\"INT64\",\"shape\":[-1]},"
      "{\"name\":\"weight\",\"datatype\":\"FP32\",\"shape\":[-1]},"
      "{\"name\":\"sample_weight\",\"datatype\":\"FP32\",\"shape\":[-1]},"
      "{\"name\":\"grad_output\",\"datatype\":\"FP32\",\"shape\":[-1]}],\"outputs\":["
      "{\"name\":\"loss\",\"datatype\":\"FP32\",\"shape\":[-1]},"
      "{\"name\":\"numerator\",\"datatype\":\"FP64\",\"shape\":[]},"
      "{\"name\":\"denominator\",\"datatype\":\"FP64\",\"shape\":[]},"
      "{\"name\":\"grad.input\",\"datatype\":\"FP32\",\"shape\":[-1]},"
      "{\"name\":\"grad.target\",\"datatype\":\"FP32\",\"shape\":[-1]}]}";
  struct lossd_arena arena;
  struct lossd_problem problem;
  size_t length;
  lossd_arena_init(&arena, NULL);
  const char *text =
      lossd_open_inference_model(lossd_find("CrossEntropyLoss", 16, &problem), &arena, &length);
  if (length != strlen(expected) || memcmp(text, expected, length)) fail_msg("%.*s", (int)length, text);
  lossd_arena_reset(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(describes_the_server),
      cmocka_unit_test(describes_a_model),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
