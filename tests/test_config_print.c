/* What lossd says about itself and its configuration. */
#include "tests/config_run.h"

static void help_names_every_flag_whatever_else_is_wrong(void **state) {
  (void)state;
  struct run run = run_with(LIST("--help"), LIST("LOSSD_PORT=wrong"));
  assert_int_equal(run.result, 1);
  for (int i = 0; i < lossd_flag_count; i++)
    if (lossd_flags[i].help && !strstr(run.out, lossd_flags[i].name)) fail_msg("no %s", lossd_flags[i].name);
  assert_null(strstr(run.out, "help-markdown"));
  struct run brief = run_with(LIST("-h"), NULL);
  assert_string_equal(brief.out, run.out);
  run_end(&brief);
  run_end(&run);
}

static void version_names_the_release_kernels_and_libraries(void **state) {
  (void)state;
  struct run run = run_with(LIST("--version"), LIST("LOSSD_PORT=tcp://10.0.0.1:8080"));
  const char *const says[] = {"lossd " LOSSD_VERSION "\n",
                              "kernels: ",
                              "libmicrohttpd 9.9",
                              "libuv 1.",
                              "cJSON 1.",
                              "GnuTLS 3.",
                              "zlib 1."};
  assert_int_equal(run.result, 1);
  for (size_t i = 0; i < sizeof says / sizeof *says; i++) assert_non_null(strstr(run.out, says[i]));
  run_end(&run);
}

static void print_config_shows_values_with_their_source(void **state) {
  (void)state;
  struct run run = run_with(LIST("--print-config", "--port", "9"), LIST("LOSSD_MAX_BODY_BYTES=1048576"));
  const char *const lines[] = {
      "host                         127.0.0.1                default\n",
      "port                         9                        flag --port\n",
      "max-body-bytes               1MiB                     environment LOSSD_MAX_BODY_BYTES\n",
      "request-timeout              60s                      default\n",
      "tls-cert                     -                        default\n"};
  assert_int_equal(run.result, 1);
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    if (!strstr(run.out, lines[i])) fail_msg("no line: %sin:\n%s", lines[i], run.out);
  run_end(&run);
}

static void check_config_is_a_mode_with_valid_values(void **state) {
  (void)state;
  struct run good = run_with(LIST("--check-config"), NULL),
             bad = run_with(LIST("--check-config", "--port=x"), NULL);
  assert_int_equal(good.result, 0);
  assert_int_equal(good.config.mode, LOSSD_CHECK);
  assert_string_equal(good.err, "");
  assert_int_equal(bad.result, 3);
  run_end(&good);
  run_end(&bad);
}

static void check_config_warns_of_misspelt_variables_only(void **state) {
  (void)state;
  struct run run = run_with(LIST("--check-config"),
                            LIST("LOSSD_MAX_BODY_BYTE=1", "LOSSD_SERVICE_HOST=10.0.0.1",
                                 "LOSSD_PORT_8080_TCP_ADDR=10.0.0.1", "LOSSD_HOST=::", "PATH=/bin"));
  assert_int_equal(run.result, 0);
  assert_string_equal(run.err, "lossd: warning: LOSSD_MAX_BODY_BYTE is not read: did you mean "
                               "LOSSD_MAX_BODY_BYTES?\n");
  run_end(&run);
}

static char *read_whole(const char *path) {
  FILE *file = fopen(path, "r");
  size_t size = 0;
  char *text = NULL;
  assert_non_null(file);
  assert_int_not_equal(getdelim(&text, &size, 0, file), -1);
  fclose(file);
  return text;
}

static void the_documentation_holds_the_table(void **state) {
  (void)state;
  struct run run = run_with(LIST("--help-markdown"), NULL);
  char *page = read_whole(LOSSD_SOURCE_DIR "/docs/configuration.md");
  assert_int_equal(run.result, 1);
  assert_in_range(strlen(run.out), 2000, 20000);
  if (!strstr(page, run.out))
    fail_msg("docs/configuration.md is stale: replace its tables by those of lossd --help-markdown");
  free(page);
  run_end(&run);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(help_names_every_flag_whatever_else_is_wrong),
      cmocka_unit_test(version_names_the_release_kernels_and_libraries),
      cmocka_unit_test(print_config_shows_values_with_their_source),
      cmocka_unit_test(check_config_is_a_mode_with_valid_values),
      cmocka_unit_test(check_config_warns_of_misspelt_variables_only),
      cmocka_unit_test(the_documentation_holds_the_table),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
