/* Configuration: sources, values, refusals, and the table of flags. */
#include "server/log.h"
#include "server/memory.h"
#include "tests/config_run.h"

static void without_anything_the_defaults_of_the_contract_hold(void **state) {
  (void)state;
  struct run run = run_with(NULL, NULL);
  const struct lossd_config *c = &run.config;
  assert_int_equal(run.result, 0);
  assert_string_equal(run.out, "");
  assert_string_equal(run.err, "");
  assert_int_equal(c->mode, LOSSD_SERVE);
  assert_string_equal(c->host, "127.0.0.1");
  assert_int_equal(c->port, 8080);
  assert_int_equal(c->io_threads, 1);
  assert_int_equal(c->workers, lossd_cpu_limit() < 2 ? 2 : lossd_cpu_limit());
  assert_int_equal(c->max_body_bytes, 256 << 20);
  assert_int_equal(c->max_elements, 1 << 28);
  assert_int_equal(c->queue_depth, 1024);
  assert_int_equal(c->max_inflight_bytes, lossd_memory_limit() / 2);
  assert_true(c->request_timeout == 60 && c->idle_timeout == 30 && c->header_timeout == 10);
  assert_int_equal(c->min_upload_rate, 1024);
  assert_int_equal(c->max_connections, 1024);
  assert_int_equal(c->max_connections_per_client, 0);
  assert_true(c->drain_seconds == 0);
  assert_null(c->unix_socket);
  assert_null(c->tls_cert);
  assert_null(c->tls_key);
  assert_null(c->tls_client_ca);
  assert_null(c->token_file);
  assert_null(c->cors_origin);
  assert_null(c->instruction_set);
  assert_false(c->metrics_token);
  assert_false(c->no_server_timing);
  assert_int_equal(c->log_format, LOSSD_LOG_JSON);
  assert_int_equal(c->log_level, LOSSD_LOG_INFO);
  run_end(&run);
}

static void flags_win_over_variables_and_the_last_flag_counts(void **state) {
  (void)state;
  struct run run = run_with(LIST("--port", "1", "--port=2"), LIST("LOSSD_PORT=3", "LOSSD_QUEUE_DEPTH=4"));
  assert_int_equal(run.result, 0);
  assert_int_equal(run.config.port, 2);
  assert_int_equal(run.config.queue_depth, 4);
  run_end(&run);
}

static void a_variable_that_a_flag_overrides_is_not_looked_at(void **state) {
  (void)state;
  struct run run = run_with(LIST("--port", "8080"), LIST("LOSSD_PORT=tcp://10.0.0.1:8080"));
  assert_int_equal(run.result, 0);
  assert_int_equal(run.config.port, 8080);
  run_end(&run);
}

/* Every flag has its variable, and both read the same value. */
static void every_flag_is_a_variable_with_the_same_meaning(void **state) {
  (void)state;
  const char *const sample[] = {
      [LOSSD_FLAG_TEXT] = "*",     [LOSSD_FLAG_FILE] = "/dev/null", [LOSSD_FLAG_COUNT] = "7",
      [LOSSD_FLAG_COUNT64] = "7",  [LOSSD_FLAG_BYTES] = "7MiB",     [LOSSD_FLAG_SECONDS] = "7s",
      [LOSSD_FLAG_SWITCH] = "true"};
  for (int i = 0; i < lossd_flag_count; i++) {
    const struct lossd_flag *flag = &lossd_flags[i];
    if (flag->type == LOSSD_FLAG_ACTION) continue;
    bool kernels = strcmp(flag->name, "instruction-set") == 0;
    const char *value = flag->type == LOSSD_FLAG_CHOICE ? flag->choices[1]
                        : kernels                       ? "baseline"
                                                        : sample[flag->type];
    char argument[128], assignment[128], name[LOSSD_VARIABLE_TEXT], a[LOSSD_SHOWN_TEXT], b[LOSSD_SHOWN_TEXT];
    snprintf(argument, sizeof argument, "--%s=%s", flag->name, value);
    snprintf(assignment, sizeof assignment, "%s=%s", lossd_flag_variable(flag, name), value);
    /* What other flags ask for; a later one of the same name wins. */
    const char *const rest[] = {"LOSSD_TLS_CERT=/dev/null", "LOSSD_TLS_KEY=/dev/null",
                                "LOSSD_TOKEN_FILE=/dev/null"};
    struct run by_flag = run_with(LIST(argument), LIST(rest[0], rest[1], rest[2]));
    struct run by_variable = run_with(NULL, LIST(assignment, rest[0], rest[1], rest[2]));
    if (by_flag.result || by_variable.result) fail_msg("%s%s", by_flag.err, by_variable.err);
    assert_string_equal(lossd_flag_show(flag, &by_flag.config, a), value);
    assert_string_equal(lossd_flag_show(flag, &by_variable.config, b), value);
    run_end(&by_flag);
    run_end(&by_variable);
  }
}

static void sizes_take_suffixes_of_powers_of_1024(void **state) {
  (void)state;
  const struct {
    const char *text;
    size_t bytes;
  } cases[] = {{"1", 1},
               {"1024", 1024},
               {"1K", 1024},
               {"1Ki", 1024},
               {"1KiB", 1024},
               {"3M", 3 << 20},
               {"3Mi", 3 << 20},
               {"3MiB", 3 << 20},
               {"2G", (size_t)2 << 30},
               {"2Gi", (size_t)2 << 30},
               {"2GiB", (size_t)2 << 30}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct run run = run_with(LIST("--max-body-bytes", cases[i].text), NULL);
    assert_int_equal(run.result, 0);
    assert_int_equal(run.config.max_body_bytes, cases[i].bytes);
    run_end(&run);
  }
}

static void times_are_seconds_or_have_a_unit(void **state) {
  (void)state;
  const struct {
    const char *text;
    double seconds;
  } cases[] = {{"2", 2}, {"2.5", 2.5}, {"2s", 2}, {"0.25s", 0.25}, {"250ms", 0.25}, {"1.", 1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct run run = run_with(LIST("--request-timeout", cases[i].text), NULL);
    assert_int_equal(run.result, 0);
    assert_true(run.config.request_timeout == cases[i].seconds);
    run_end(&run);
  }
}

static void switches_stand_alone_or_have_a_value(void **state) {
  (void)state;
  const struct {
    const char *flag, *variable;
    bool value;
  } cases[] = {{"--no-server-timing", "X=", true},
               {"--no-server-timing=true", "X=", true},
               {"--no-server-timing=0", "X=", false},
               {"--port=1", "LOSSD_NO_SERVER_TIMING=1", true},
               {"--port=1", "LOSSD_NO_SERVER_TIMING=false", false},
               {"--no-server-timing=false", "LOSSD_NO_SERVER_TIMING=true", false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct run run = run_with(LIST(cases[i].flag), LIST(cases[i].variable));
    assert_int_equal(run.result, 0);
    assert_int_equal(run.config.no_server_timing, cases[i].value);
    run_end(&run);
  }
}

static void ready_is_a_mode_with_the_rest_of_the_configuration(void **state) {
  (void)state;
  struct run run = run_with(LIST("--ready"), LIST("LOSSD_PORT=81"));
  assert_int_equal(run.result, 0);
  assert_int_equal(run.config.mode, LOSSD_READY);
  assert_int_equal(run.config.port, 81);
  run_end(&run);
}

/* Refusals: exit 2 and exactly one line, which names the flag or variable, what was found and what is
 * expected. --- */

struct refusal {
  const char *argument, *variable; /* either may be NULL */
  const char *says[3];
};

static const struct refusal refusals[] = {
    {"--port=65536", NULL, {"--port is \"65536\"", "whole number from 0 to 65535"}},
    {"--port=-1", NULL, {"--port is \"-1\"", "whole number"}},
    {"--port=80x", NULL, {"--port is \"80x\""}},
    {"--port= 80", NULL, {"--port is \" 80\""}},
    {"--port=0x50", NULL, {"--port is \"0x50\""}},
    {"--port=1e3", NULL, {"--port is \"1e3\""}},
    {"--port=", NULL, {"--port is \"\"", "whole number"}},
    {"--port", NULL, {"--port has no value", "whole number from 0 to 65535"}},
    {NULL, "LOSSD_PORT=http", {"LOSSD_PORT is \"http\"", "whole number from 0 to 65535"}},
    {NULL, "LOSSD_PORT=", {"LOSSD_PORT is set but empty", "unset it"}},
    {NULL, "LOSSD_TOKEN_FILE=", {"LOSSD_TOKEN_FILE is set but empty"}},
    {NULL,
     "LOSSD_PORT=tcp://10.0.0.1:8080",
     {"Kubernetes", "Service named lossd", "enableServiceLinks: false"}},
    {"--workers=0", NULL, {"--workers", "from 1 to"}},
    {"--workers=99999999999999999999", NULL, {"--workers"}},
    {"--max-body-bytes=0", NULL, {"--max-body-bytes", "size in bytes from 1 to 1TiB"}},
    {"--max-body-bytes=1MB", NULL, {"\"1MB\"", "1MiB"}},
    {"--max-body-bytes=1.5M", NULL, {"\"1.5M\""}},
    {"--max-body-bytes=-1", NULL, {"\"-1\""}},
    {"--max-body-bytes=9999999999G", NULL, {"1TiB"}},
    {"--request-timeout=0", NULL, {"--request-timeout", "seconds from 0.001 to 86400"}},
    {"--request-timeout=1h", NULL, {"\"1h\"", "1.5s or 500ms"}},
    {"--request-timeout=nan", NULL, {"\"nan\""}},
    {"--request-timeout=inf", NULL, {"\"inf\""}},
    {"--metrics-token=yes", NULL, {"--metrics-token is \"yes\"", "true or false"}},
    {NULL, "LOSSD_METRICS_TOKEN=on", {"LOSSD_METRICS_TOKEN is \"on\"", "true or false"}},
    {"--log-format=xml", NULL, {"--log-format is \"xml\"", "json, text, none"}},
    {"--log-level=loud", NULL, {"error, warn, info, debug"}},
    {"--host=a b", NULL, {"--host is \"a b\"", "IP address or a host name"}},
    {"--cors-origin=example.com", NULL, {"--cors-origin", "https://app.example.com"}},
    {"--cors-origin=https://a/b", NULL, {"--cors-origin", "without a path"}},
    {"--cors-origin=https://App.example", NULL, {"--cors-origin", "lower case"}},
    {"--cors-origin=https://a:443", NULL, {"--cors-origin", "default port"}},
    {"--cors-origin=http://[::1]:80", NULL, {"--cors-origin", "default port"}},
    {"--cors-origin=https://a\r\nSet-Cookie: x", NULL, {"--cors-origin"}},
    {"--instruction-set=mmx", NULL, {"--instruction-set is \"mmx\"", "baseline, avx2 or avx512"}},
    {"--tls-cert=/does/not/exist", NULL, {"--tls-cert is \"/does/not/exist\"", "file that can be read"}},
    {"--token-file=/tmp", NULL, {"--token-file is \"/tmp\"", "file that can be read"}},
    {"--tls-cert=/dev/null", NULL, {"--tls-cert is given without --tls-key", "LOSSD_TLS_KEY"}},
    {"--tls-key=/dev/null", NULL, {"--tls-key is given without --tls-cert"}},
    {NULL, "LOSSD_TLS_CLIENT_CA=/dev/null", {"LOSSD_TLS_CLIENT_CA is given without --tls-cert"}},
    {"--metrics-token", NULL, {"--metrics-token is given without --token-file"}},
    {NULL, "LOSSD_METRICS_TOKEN=1", {"LOSSD_METRICS_TOKEN is given without --token-file"}},
    {"--port=1", "LOSSD_UNIX_SOCKET=/tmp/s", {"LOSSD_UNIX_SOCKET and --port", "give one"}},
    {"--quue-depth=5", NULL, {"unknown flag \"--quue-depth\"", "did you mean --queue-depth?"}},
    {"--max-body", NULL, {"unknown flag \"--max-body\""}},
    {"--hos=x", NULL, {"unknown flag \"--hos\"", "did you mean --host?"}},
    {"--zzzzzzzzz", NULL, {"unknown flag \"--zzzzzzzzz\"", "--help"}},
    {"-p", NULL, {"unknown flag \"-p\""}},
    {"-", NULL, {"unexpected argument \"-\""}},
    {"serve", NULL, {"unexpected argument \"serve\"", "only flags"}},
    {"--help=me", NULL, {"--help takes no value"}},
    {"--port=\x1b[31m\"\n", NULL, {"--port is \"?[31m??\""}},
};

static void wrong_input_is_one_clear_line_and_exit_2(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
    const struct refusal *refusal = &refusals[i];
    struct run run = run_with(refusal->argument ? LIST(refusal->argument) : NULL,
                              refusal->variable ? LIST(refusal->variable) : NULL);
    if (run.result != 2 + 1) fail_msg("%s %s: result %d", refusal->argument, refusal->variable, run.result);
    assert_string_equal(run.out, "");
    if (strncmp(run.err, "lossd: ", 7) != 0 || strchr(run.err, '\n') != run.err + strlen(run.err) - 1)
      fail_msg("not one line: %s", run.err);
    for (int k = 0; k < 3 && refusal->says[k]; k++)
      if (!strstr(run.err, refusal->says[k])) fail_msg("\"%s\" is not in: %s", refusal->says[k], run.err);
    run_end(&run);
  }
}

static void a_very_long_value_is_cut_in_the_message(void **state) {
  (void)state;
  char argument[5000] = "--port=";
  memset(argument + 7, '9', sizeof argument - 8);
  struct run run = run_with(LIST(argument), NULL);
  assert_int_equal(run.result, 3);
  assert_in_range(strlen(run.err), 20, 200);
  run_end(&run);
}

static void a_socket_beats_host_and_port_of_a_weaker_source(void **state) {
  (void)state;
  struct run run = run_with(LIST("--unix-socket=/run/lossd.sock"), LIST("LOSSD_HOST=0.0.0.0"));
  assert_int_equal(run.result, 0);
  assert_string_equal(run.config.unix_socket, "/run/lossd.sock");
  run_end(&run);
}

static void a_socket_path_must_fit(void **state) {
  (void)state;
  char argument[200] = "--unix-socket=/";
  memset(argument + 15, 'x', 107);
  struct run run = run_with(LIST(argument), NULL);
  assert_int_equal(run.result, 3);
  assert_non_null(strstr(run.err, "at most 107 bytes"));
  run_end(&run);
}

/* ---- The table itself. ---- */

static void defaults_are_values_of_their_flags(void **state) {
  (void)state;
  struct lossd_config config;
  for (int i = 0; i < lossd_flag_count; i++)
    if (lossd_flags[i].value && !lossd_flag_set(&lossd_flags[i], lossd_flags[i].value, &config))
      fail_msg("%s", lossd_flags[i].name);
}

static void names_and_fields_are_distinct(void **state) {
  (void)state;
  for (int i = 0; i < lossd_flag_count; i++)
    for (int j = 0; j < i; j++) {
      assert_string_not_equal(lossd_flags[i].name, lossd_flags[j].name);
      if (lossd_flags[i].type != LOSSD_FLAG_ACTION && lossd_flags[j].type != LOSSD_FLAG_ACTION)
        assert_int_not_equal(lossd_flags[i].offset, lossd_flags[j].offset);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_anything_the_defaults_of_the_contract_hold),
      cmocka_unit_test(flags_win_over_variables_and_the_last_flag_counts),
      cmocka_unit_test(a_variable_that_a_flag_overrides_is_not_looked_at),
      cmocka_unit_test(every_flag_is_a_variable_with_the_same_meaning),
      cmocka_unit_test(sizes_take_suffixes_of_powers_of_1024),
      cmocka_unit_test(times_are_seconds_or_have_a_unit),
      cmocka_unit_test(switches_stand_alone_or_have_a_value),
      cmocka_unit_test(ready_is_a_mode_with_the_rest_of_the_configuration),
      cmocka_unit_test(wrong_input_is_one_clear_line_and_exit_2),
      cmocka_unit_test(a_very_long_value_is_cut_in_the_message),
      cmocka_unit_test(a_socket_beats_host_and_port_of_a_weaker_source),
      cmocka_unit_test(a_socket_path_must_fit),
      cmocka_unit_test(defaults_are_values_of_their_flags),
      cmocka_unit_test(names_and_fields_are_distinct),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
