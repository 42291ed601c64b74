/* The catalogue: every row in full, and examples that the service takes. */
#include "api/catalogue.h"

#include <cjson/cJSON.h>

#include "tests/exchange.h"

static cJSON *parsed(const char *text, size_t length) {
  assert_non_null(text);
  cJSON *json = cJSON_ParseWithLength(text, length);
  assert_non_null(json);
  return json;
}

static const char *text_of(const cJSON *object, const char *name) {
  return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static void lists_every_loss_in_order(void **state) {
  (void)state;
  struct lossd_arena arena;
  size_t length;
  lossd_arena_init(&arena, NULL);
  const char *text = lossd_catalogue(&arena, &length);
  cJSON *json = parsed(text, length);
  const cJSON *losses = cJSON_GetObjectItemCaseSensitive(json, "losses");
  assert_int_equal(cJSON_GetArraySize(losses), lossd_loss_count);
  for (int i = 0; i < lossd_loss_count; i++)
    assert_string_equal(text_of(cJSON_GetArrayItem(losses, i), "name"), lossd_losses[i]->name);
  cJSON_Delete(json);
  lossd_arena_reset(&arena);
}

static void describes_cross_entropy_in_full(void **state) {
  (void)state;
  static const char *const parts[] = {
      "{\"name\":\"CrossEntropyLoss\",\"summary\":\"",
      "\"formula\":\"\\\\ell",
      "\"roles\":[{\"name\":\"input\",",
      "\"dtypes\":[\"float64\",\"float32\",\"float16\",\"bfloat16\",\"int64\",\"int32\",\"int16\",\"int8\","
      "\"uint8\","
      "\"bool\"],\"required\":true,\"differentiable\":true}",
      "\"required\":false,\"differentiable\":false}]",
      "\"options\":[{\"name\":\"definition\",\"type\":\"string\",",
      "\"values\":[\"textbook\",\"pytorch\"],",
      "\"defaults\":{\"textbook\":\"textbook\",\"pytorch\":\"pytorch\"}}",
      "\"values\":[\"none\",\"mean\",\"sum\"],\"defaults\":{\"textbook\":\"mean\",\"pytorch\":\"mean\"}}",
      "\"minimum\":0,\"maximum\":1,\"defaults\":{\"textbook\":0,\"pytorch\":0}}",
      "\"defaults\":{\"textbook\":-100,\"pytorch\":-100}}",
      "\"example\":{\"input\":[[0,0]],\"target\":[1],\"gradients\":true}}",
  };
  struct lossd_arena arena;
  struct lossd_problem problem;
  size_t length;
  lossd_arena_init(&arena, NULL);
  const char *text = lossd_catalogue_loss(lossd_find("CrossEntropyLoss", 16, &problem), &arena, &length);
  assert_non_null(text);
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    const char *found = memmem(text, length, parts[i], strlen(parts[i]));
    if (!found) fail_msg("%s is not in %.*s", parts[i], (int)length, text);
  }
  lossd_arena_reset(&arena);
}

static void writes_booleans_infinities_and_open_ranges(void **state) {
  (void)state;
  static const struct lossd_option options[] = {
      {.name = "b", .description = "", .type = LOSSD_BOOLEAN, .textbook = 0, .pytorch = 1},
      {.name = "n",
       .description = "",
       .type = LOSSD_NUMBER,
       .minimum = 0,
       .maximum = INFINITY,
       .exclusive_minimum = true,
       .infinite = true,
       .textbook = INFINITY,
       .pytorch = 1e-6},
      {.name = "t", .description = "", .type = LOSSD_TEXT}};
  static const struct lossd_example examples[] = {
      {.tensor = {{.rank = 0, .data = {2}}}, .settings = {{"b", NULL, 1}, {"n", NULL, INFINITY}}}};
  static const struct lossd_loss loss = {
      .name = "L",
      .summary = "",
      .formula = "",
      .roles = {{.name = "i", .description = "", .shape = "*", .kind = LOSSD_INDEX}},
      .role_count = 1,
      .options = options,
      .option_count = 3,
      .examples = examples};
  static const char expected[] =
      "{\"name\":\"b\",\"type\":\"boolean\",\"description\":\"\",\"defaults\":{\"textbook\":false,"
      "\"pytorch\":true}},"
      "{\"name\":\"n\",\"type\":\"number\",\"description\":\"\",\"exclusiveMinimum\":0,"
      "\"defaults\":{\"textbook\":\"Infinity\",\"pytorch\":0.000001}},"
      "{\"name\":\"t\",\"type\":\"string\",\"description\":\"\",\"defaults\":{\"textbook\":null,\"pytorch\":"
      "null}}],"
      "\"example\":{\"i\":2,\"options\":{\"b\":true,\"n\":\"Infinity\"},\"gradients\":true}}";
  static const char dtypes[] = "\"dtypes\":[\"int64\",\"int32\",\"int16\",\"int8\",\"uint8\"]";
  struct lossd_arena arena;
  size_t length;
  lossd_arena_init(&arena, NULL);
  const char *text = lossd_catalogue_loss(&loss, &arena, &length);
  if (!memmem(text, length, expected, strlen(expected)) || !memmem(text, length, dtypes, strlen(dtypes)))
    fail_msg("%.*s", (int)length, text);
  lossd_arena_reset(&arena);
}

static void examples_are_requests_that_give_the_rows_loss(void **state) {
  (void)state;
  for (int i = 0; i < lossd_loss_count; i++) {
    struct lossd_arena arena;
    struct lossd_json_text body;
    struct test_exchange t;
    lossd_arena_init(&arena, NULL);
    lossd_json_init(&body, &arena, 512);
    lossd_catalogue_example(&body, lossd_losses[i]);
    test_exchange_init(&t, lossd_losses[i]->name, body.data, body.length);
    test_exchange_run(&t);
    if (t.x.http_status != 200)
      fail_msg("%.*s gave %.*s", (int)body.length, body.data, (int)t.x.answer_length, t.x.answer);
    cJSON *answer = parsed(t.x.answer, t.x.answer_length);
    const cJSON *loss = cJSON_GetObjectItemCaseSensitive(answer, "loss");
    const double expected = lossd_losses[i]->examples[0].loss;
    if (cJSON_IsNumber(loss))
      assert_true(fabs(loss->valuedouble - expected) <= 1e-12 * fmax(1, fabs(expected)));
    cJSON_Delete(answer);
    test_exchange_done(&t);
    lossd_arena_reset(&arena);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lists_every_loss_in_order),
      cmocka_unit_test(describes_cross_entropy_in_full),
      cmocka_unit_test(writes_booleans_infinities_and_open_ranges),
      cmocka_unit_test(examples_are_requests_that_give_the_rows_loss),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
