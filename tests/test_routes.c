/* The table of paths. */
#include <string.h>

#include "server/routes.h"
#include "unit.h"

static struct lossd_match match(const char *method, const char *path) {
  struct lossd_match found;
  lossd_route_match(method, path, strlen(path), &found);
  return found;
}

static void test_every_route_is_found(void **state) {
  (void)state;
  for (int i = 0; i < lossd_route_count; i++) {
    struct lossd_match found = match(lossd_routes[i].method, lossd_routes[i].path);
    if (!found.route || found.route->kind != lossd_routes[i].kind) fail_msg("%s", lossd_routes[i].path);
  }
}

static void test_parameters_are_decoded(void **state) {
  (void)state;
  struct lossd_match found = match("POST", "/v1/losses/%4dSELoss");
  assert_int_equal(found.route->kind, LOSSD_ROUTE_EVALUATE);
  assert_string_equal(found.loss, "MSELoss");
  found = match("POST", "/v1/losses/a%2Fb");
  assert_string_equal(found.loss, "a/b");
  found = match("GET", "/v2/models/M/versions/1/ready");
  assert_int_equal(found.route->kind, LOSSD_ROUTE_INFERENCE_MODEL_READY);
  assert_string_equal(found.loss, "M");
  assert_string_equal(found.version, "1");
}

/* It is a name like any other that is unknown, and is told so. */
static void test_a_longer_name_than_any_is_a_name(void **state) {
  (void)state;
  char path[600] = "/v1/losses/";
  memset(path + strlen(path), 'M', 500);
  const struct lossd_match found = match("POST", path);
  assert_int_equal(found.route->kind, LOSSD_ROUTE_EVALUATE);
  assert_int_equal(strlen(found.loss), LOSSD_ROUTE_SEGMENT - 1);
}

static void test_head_is_get(void **state) {
  (void)state;
  assert_int_equal(match("HEAD", "/livez").route->kind, LOSSD_ROUTE_LIVE);
  assert_null(match("HEAD", "/nowhere").route);
}

static void test_allow_lists_the_methods_of_a_path(void **state) {
  (void)state;
  static const struct {
    const char *method, *path, *allow;
  } cases[] = {
      {"POST", "/livez", "GET, HEAD"},
      {"PUT", "/v1/losses/MSELoss", "POST, GET, HEAD"},
      {"CONNECT", "host:80", "GET, HEAD, POST"},
      {"CONNECT", "/livez", "GET, HEAD"},
      {"get", "/livez", "GET, HEAD"},
      {"GET", "/nowhere", ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct lossd_match found = match(cases[i].method, cases[i].path);
    assert_null(found.route);
    assert_string_equal(found.allow, cases[i].allow);
  }
}

static void test_a_loss_is_known_whatever_the_method(void **state) {
  (void)state;
  struct lossd_match found = match("PUT", "/v2/models/M/versions/2/infer");
  assert_null(found.route);
  assert_string_equal(found.loss, "M");
  assert_string_equal(found.version, "2");
}

static void test_what_is_not_a_path(void **state) {
  (void)state;
  static const char *const paths[] = {"",
                                      "/v1/losses/",
                                      "/v1/losses//",
                                      "v1/losses",
                                      "/v1/losses/a/b",
                                      "/livez/",
                                      "//livez",
                                      "/./livez",
                                      "/liveZ",
                                      "/livez%2F",
                                      "/v2/models/",
                                      "/v2/health/",
                                      "*",
                                      "/v1/losses/../losses"};
  char text[400] = "/livez";
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
    if (match("GET", paths[i]).route) fail_msg("%s", paths[i]);
  memset(text + strlen(text), 'x', 300);
  assert_null(match("GET", text).route); /* longer than any segment */
}

static void test_targets(void **state) {
  (void)state;
  static const struct {
    const char *uri, *path;
  } cases[] = {
      {"/a?b=/c", "/a"},  {"/a", "/a"},        {"?x", ""}, {"http://h:80/a?b", "/a"},
      {"HTTPS://h", "/"}, {"http://h?b", "/"}, {"*", "*"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t length;
    const char *path = lossd_route_path(cases[i].uri, strlen(cases[i].uri), &length);
    assert_int_equal(length, strlen(cases[i].path));
    assert_memory_equal(path, cases[i].path, length);
  }
}

static void test_inference_paths(void **state) {
  (void)state;
  assert_true(lossd_route_is_inference("/v2", 3));
  assert_true(lossd_route_is_inference("/v2/x", 5));
  assert_false(lossd_route_is_inference("/v2x", 4));
  assert_false(lossd_route_is_inference("/v", 2));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_route_is_found),
      cmocka_unit_test(test_parameters_are_decoded),
      cmocka_unit_test(test_a_longer_name_than_any_is_a_name),
      cmocka_unit_test(test_head_is_get),
      cmocka_unit_test(test_allow_lists_the_methods_of_a_path),
      cmocka_unit_test(test_a_loss_is_known_whatever_the_method),
      cmocka_unit_test(test_what_is_not_a_path),
      cmocka_unit_test(test_targets),
      cmocka_unit_test(test_inference_paths),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
