/* Metrics: what is recorded is in the text, in both formats, with bounded labels. Tables live as long as the
 * process, so each test has labels of its own. */
#include "core/loss.h"
#include "server/metrics.h"
#include "server/metrics_table.h"
#include "tests/unit.h"
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct lossd_arena arena;

static int begin(void **state) {
  (void)state;
  lossd_arena_init(&arena, NULL);
  return 0;
}

static int end(void **state) {
  (void)state;
  lossd_arena_reset(&arena);
  return 0;
}

static const char *text_of(bool openmetrics) {
  size_t length;
  const char *text = lossd_metrics_text(openmetrics, &arena, &length);
  assert_non_null(text);
  char *copy = lossd_arena_alloc(&arena, length + 1, 1);
  memcpy(copy, text, length);
  copy[length] = 0;
  assert_int_equal(strlen(copy), length);
  return copy;
}

/* The value of the sample with exactly this name and labels; NaN when there is none. */
static double sample(const char *text, const char *series) {
  size_t length = strlen(series);
  for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL)
    if (strncmp(line, series, length) == 0 && line[length] == ' ') return strtod(line + length, NULL);
  return NAN;
}

static void assert_sample(const char *text, const char *series, double want) {
  double got = sample(text, series);
  if (!(got == want)) fail_msg("%s is %.17g, expected %.17g in\n%s", series, got, want, text);
}

#define ROUTE "/v1/losses/{loss}"
#define LABELS "http_request_method=\"POST\",http_route=\"" ROUTE "\",http_response_status_code=\"200\""

static void a_request_lands_in_its_buckets(void **state) {
  (void)state;
  lossd_metrics_request("POST", ROUTE, 200, 0.0003, 100, 5000, NULL);
  lossd_metrics_request("POST", ROUTE, 200, 0.3, 1024, 2000000000, NULL);
  lossd_metrics_request("POST", ROUTE, 200, 60, 0, 0, NULL);
  const char *text = text_of(false);
#define DURATION "http_server_request_duration_seconds"
  assert_sample(text, DURATION "_bucket{" LABELS ",le=\"0.00025\"}", 0);
  assert_sample(text, DURATION "_bucket{" LABELS ",le=\"0.0005\"}", 1);
  assert_sample(text, DURATION "_bucket{" LABELS ",le=\"0.25\"}", 1);
  assert_sample(text, DURATION "_bucket{" LABELS ",le=\"0.5\"}", 2);
  assert_sample(text, DURATION "_bucket{" LABELS ",le=\"10.0\"}", 2);
  assert_sample(text, DURATION "_bucket{" LABELS ",le=\"+Inf\"}", 3);
  assert_sample(text, DURATION "_count{" LABELS "}", 3);
  assert_sample(text, DURATION "_sum{" LABELS "}", 60.3003);
  assert_sample(text, "http_server_request_body_size_bytes_bucket{" LABELS ",le=\"1024.0\"}", 3);
  assert_sample(text, "http_server_request_body_size_bytes_sum{" LABELS "}", 1124);
  assert_sample(text, "http_server_response_body_size_bytes_bucket{" LABELS ",le=\"1073741824.0\"}", 2);
  assert_sample(text, "http_server_response_body_size_bytes_bucket{" LABELS ",le=\"+Inf\"}", 3);
}

static void bucket_bounds_rise_and_their_text_says_them(void **state) {
  (void)state;
  const struct lossd_bounds *all[] = {&lossd_second_bounds, &lossd_byte_bounds};
  const double unit[] = {1e9, 1};
  for (int k = 0; k < 2; k++)
    for (int i = 0; i < all[k]->count; i++) {
      const struct lossd_bound *bound = &all[k]->bound[i];
      assert_true(fabs(strtod(bound->text, NULL) * unit[k] - (double)bound->most) < 1e-3);
      if (i > 0) assert_true(bound->most > all[k]->bound[i - 1].most);
    }
}

static void an_upper_bound_belongs_to_its_bucket(void **state) {
  (void)state;
  struct lossd_histogram histogram = {0};
  for (int i = 0; i < lossd_second_bounds.count; i++) {
    lossd_histogram_add(&histogram, &lossd_second_bounds, lossd_second_bounds.bound[i].most);
    lossd_histogram_add(&histogram, &lossd_second_bounds, lossd_second_bounds.bound[i].most + 1);
  }
  assert_int_equal(histogram.bucket[0], 1);
  for (int i = 1; i < lossd_second_bounds.count; i++) assert_int_equal(histogram.bucket[i], 2);
  assert_int_equal(histogram.bucket[LOSSD_MOST_BUCKETS], 1);
}

static void errors_carry_their_type(void **state) {
  (void)state;
  lossd_metrics_request("POST", "/e", 422, 0.001, 1, 1, "shape_mismatch");
  assert_sample(text_of(false),
                "http_server_request_duration_seconds_count{http_request_method=\"POST\",http_route=\"/e\","
                "http_response_status_code=\"422\",error_type=\"shape_mismatch\"}",
                1);
}

static void what_clients_invent_is_no_label(void **state) {
  (void)state;
  lossd_metrics_request("BREW", "", 999, 0, 0, 0, "bad_http");
  lossd_metrics_request("get", NULL, -1, 0, 0, 0, "bad_http");
  lossd_metrics_request(NULL, "", 999, 0, 0, 0, "bad_http");
  const char *text = text_of(false);
  assert_sample(text,
                "http_server_request_duration_seconds_count{http_request_method=\"_OTHER\","
                "http_response_status_code=\"_OTHER\",error_type=\"bad_http\"}",
                3);
  assert_null(strstr(text, "BREW"));
}

static void equal_labels_at_different_addresses_are_one_series(void **state) {
  (void)state;
  static char first[] = "/same", second[] = "/same";
  lossd_metrics_request("GET", first, 200, 0, 0, 0, NULL);
  lossd_metrics_request("GET", second, 200, 0, 0, 0, NULL);
  assert_sample(text_of(false),
                "http_server_request_duration_seconds_count{http_request_method=\"GET\",http_route=\"/same\","
                "http_response_status_code=\"200\"}",
                2);
}

static void times_that_are_none_do_not_spoil_sums(void **state) {
  (void)state;
  const double odd[] = {NAN, -1, -INFINITY};
  for (int i = 0; i < 3; i++) lossd_metrics_compute("OddLoss", "float64", odd[i], -5);
  assert_sample(text_of(false), "lossd_compute_seconds_total{loss=\"OddLoss\",dtype=\"float64\"}", 0);
  assert_sample(text_of(false), "lossd_elements_total{loss=\"OddLoss\",dtype=\"float64\"}", 0);
}

static void evaluations_add_up_by_loss_and_type(void **state) {
  (void)state;
  lossd_metrics_compute("MSELoss", "float32", 0.25, 10);
  lossd_metrics_compute("MSELoss", "float32", 0.5, 20);
  lossd_metrics_compute("MSELoss", "float64", 1, 7);
  const char *text = text_of(false);
  assert_sample(text, "lossd_compute_seconds_total{loss=\"MSELoss\",dtype=\"float32\"}", 0.75);
  assert_sample(text, "lossd_elements_total{loss=\"MSELoss\",dtype=\"float32\"}", 30);
  assert_sample(text, "lossd_elements_total{loss=\"MSELoss\",dtype=\"float64\"}", 7);
}

static void gauges_go_up_and_down(void **state) {
  (void)state;
  lossd_metrics_active(3);
  lossd_metrics_active(-1);
  lossd_metrics_connections(5);
  lossd_metrics_connections(-5);
  lossd_metrics_inflight_bytes(1LL << 40);
  lossd_metrics_inflight_bytes(-1);
  lossd_metrics_queue_depth(9);
  lossd_metrics_queue_depth(4);
  lossd_metrics_queue_wait(0.002);
  lossd_metrics_rejection("queue_full");
  lossd_metrics_rejection("queue_full");
  const char *text = text_of(false);
  assert_sample(text, "http_server_active_requests", 2);
  assert_sample(text, "lossd_connections", 0);
  assert_sample(text, "lossd_inflight_bytes", 1099511627775);
  assert_sample(text, "lossd_queue_depth", 4);
  assert_sample(text, "lossd_queue_wait_seconds_count", 1);
  assert_sample(text, "lossd_queue_wait_seconds_bucket{le=\"0.001\"}", 0);
  assert_sample(text, "lossd_queue_wait_seconds_bucket{le=\"0.0025\"}", 1);
  assert_sample(text, "lossd_rejections_total{reason=\"queue_full\"}", 2);
}

static void label_values_are_escaped(void **state) {
  (void)state;
  lossd_metrics_rejection("a\"b\\c\nd");
  assert_sample(text_of(false), "lossd_rejections_total{reason=\"a\\\"b\\\\c\\nd\"}", 1);
}

static void the_process_is_described(void **state) {
  (void)state;
  const char *text = text_of(false);
  struct rlimit files;
  double now = (double)time(NULL);
  getrlimit(RLIMIT_NOFILE, &files);
  assert_true(sample(text, "process_cpu_seconds_total") > 0);
  assert_true(sample(text, "process_resident_memory_bytes") > 1e5);
  assert_true(sample(text, "process_virtual_memory_bytes") >= sample(text, "process_resident_memory_bytes"));
  if (files.rlim_cur != RLIM_INFINITY) assert_sample(text, "process_max_fds", (double)files.rlim_cur);
  double start = sample(text, "process_start_time_seconds");
  assert_true(start > now - 86400 && start <= now + 2);
  double before = sample(text, "process_open_fds");
  int more = dup(0);
  assert_sample(text_of(false), "process_open_fds", before + 1);
  close(more);
}

static void the_build_is_described(void **state) {
  (void)state;
  char series[256];
  const char *text = text_of(false);
  const char *line = strstr(text, "\nlossd_build_info{");
  assert_non_null(line);
  snprintf(series, sizeof series, "instruction_set=\"%s\"} 1\n", lossd_instruction_set());
  assert_non_null(strstr(line, "version=\"" LOSSD_VERSION "\",compiler=\""));
  assert_non_null(strstr(line, series));
}

static void openmetrics_names_counters_without_total_and_ends(void **state) {
  (void)state;
  const char *prometheus = text_of(false), *openmetrics = text_of(true);
  assert_non_null(strstr(prometheus, "# TYPE lossd_rejections_total counter\n"));
  assert_null(strstr(prometheus, "# EOF"));
  assert_non_null(strstr(openmetrics, "# TYPE lossd_rejections counter\n"));
  assert_non_null(strstr(openmetrics, "# HELP process_cpu_seconds User"));
  assert_non_null(strstr(openmetrics, "\nprocess_cpu_seconds_total "));
  assert_string_equal(openmetrics + strlen(openmetrics) - 6, "# EOF\n");
}

static void every_family_has_one_help_and_one_type(void **state) {
  (void)state;
  int families = 0;
  char name[128], type_line[160];
  for (const char *line = text_of(false); line && *line; line = strchr(line, '\n'), line += line != NULL) {
    if (sscanf(line, "# HELP %127s", name) != 1) continue;
    families++;
    const char *next = strchr(line, '\n') + 1;
    snprintf(type_line, sizeof type_line, "# TYPE %s ", name);
    assert_memory_equal(next, type_line, strlen(type_line));
  }
  assert_int_equal(families, 19);
}

/* Debian's package prometheus has promtool; ./dev deps installs it. */
static void promtool_finds_nothing_wrong(void **state) {
  (void)state;
  if (system("command -v promtool >/dev/null 2>&1") != 0) skip();
  FILE *tool = popen("promtool check metrics 2>&1", "w");
  assert_non_null(tool);
  fputs(text_of(false), tool);
  int status = pclose(tool);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

enum { THREADS = 4, TIMES = 2000 };

static void *record(void *argument) {
  (void)argument;
  static const char *const routes[] = {"/t0", "/t1", "/t2", "/t3", "/t4"};
  for (int i = 0; i < TIMES; i++) lossd_metrics_request("PUT", routes[i % 5], 200, 1e-6, 1, 1, NULL);
  return NULL;
}

static void nothing_is_lost_between_threads(void **state) {
  (void)state;
  pthread_t thread[THREADS];
  double total = 0;
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&thread[i], NULL, record, NULL), 0);
  for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
  const char *text = text_of(false);
  for (int i = 0; i < 5; i++) {
    char series[200];
    snprintf(series, sizeof series,
             "http_server_request_duration_seconds_count{http_request_method=\"PUT\",http_route=\"/t%d\","
             "http_response_status_code=\"200\"}",
             i);
    total += sample(text, series);
  }
  assert_true(total == THREADS * TIMES);
}

/* Two threads find the rows of their labels, which belong in one place, in an empty table: again and again,
 * one of them a little later each time. */
static struct {
  struct lossd_counts rows[5];
  struct lossd_series_table table;
  atomic_int arrivals, mistakes;
} race;
enum { ROUNDS = 50000 };

/* Ends once both threads have come so many times. */
static void meet(int times) {
  atomic_fetch_add(&race.arrivals, 1);
  while (atomic_load(&race.arrivals) < 2 * times) sched_yield();
}

static void *find_in_an_empty_table(void *label) {
  const bool is_first = strcmp(label, "a") == 0;
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; is_first && i < 5; i++) atomic_store(&race.rows[i].hash, 0);
    if (is_first) race.table.used = 0;
    meet(2 * round + 1);
    for (volatile int delay = is_first ? round % 100 : 0; delay > 0;) delay--;
    const struct lossd_counts *row = lossd_series_find(&race.table, &(struct lossd_labels){{label}});
    atomic_fetch_add(&race.mistakes, strcmp(row->labels.value[0], label) != 0);
    meet(2 * round + 2);
  }
  return NULL;
}

static void series_that_begin_at_once_stay_apart(void **state) {
  (void)state;
  static char labels[2][2] = {"a", "b"};
  pthread_t thread[2];
  race.table = (struct lossd_series_table){.rows = race.rows,
                                           .row_bytes = sizeof *race.rows,
                                           .slots = 4,
                                           .labels = 1,
                                           .lock = PTHREAD_MUTEX_INITIALIZER};
  for (int i = 0; i < 2; i++)
    assert_int_equal(pthread_create(&thread[i], NULL, find_in_an_empty_table, labels[i]), 0);
  for (int i = 0; i < 2; i++) pthread_join(thread[i], NULL);
  assert_int_equal(race.mistakes, 0);
}

static void label_sets_beyond_the_table_are_counted_together(void **state) {
  (void)state;
  static char reasons[100][16];
  double before = sample(text_of(false), "lossd_label_overflows_total");
  for (int i = 0; i < 100; i++) {
    snprintf(reasons[i], sizeof reasons[i], "reason%d", i);
    lossd_metrics_rejection(reasons[i]);
  }
  const char *text = text_of(false);
  double other = sample(text, "lossd_rejections_total{reason=\"_OTHER\"}"), kept = 0;
  assert_sample(text, "lossd_label_overflows_total", before + other);
  for (int i = 0; i < 100; i++) {
    char series[80];
    snprintf(series, sizeof series, "lossd_rejections_total{reason=\"reason%d\"}", i);
    kept += isnan(sample(text, series)) ? 0 : 1;
  }
  assert_true(other >= 60 && kept >= 20 && kept + other == 100);
}

static void *refuse(void *context, size_t bytes) {
  (void)context, (void)bytes;
  return NULL;
}

static void give_nothing(void *context, void *block, size_t bytes) {
  (void)context, (void)block, (void)bytes;
}

static void without_memory_there_is_no_text(void **state) {
  (void)state;
  const struct lossd_memory none = {.take = refuse, .give = give_nothing};
  struct lossd_arena empty;
  size_t length = 1;
  lossd_arena_init(&empty, &none);
  assert_null(lossd_metrics_text(false, &empty, &length));
  assert_int_equal(length, 0);
  lossd_arena_reset(&empty);
}

int main(void) {
#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, begin, end)
  const struct CMUnitTest tests[] = {
      WITH_ARENA(a_request_lands_in_its_buckets),
      WITH_ARENA(bucket_bounds_rise_and_their_text_says_them),
      WITH_ARENA(an_upper_bound_belongs_to_its_bucket),
      WITH_ARENA(errors_carry_their_type),
      WITH_ARENA(what_clients_invent_is_no_label),
      WITH_ARENA(equal_labels_at_different_addresses_are_one_series),
      WITH_ARENA(times_that_are_none_do_not_spoil_sums),
      WITH_ARENA(evaluations_add_up_by_loss_and_type),
      WITH_ARENA(gauges_go_up_and_down),
      WITH_ARENA(label_values_are_escaped),
      WITH_ARENA(the_process_is_described),
      WITH_ARENA(the_build_is_described),
      WITH_ARENA(openmetrics_names_counters_without_total_and_ends),
      WITH_ARENA(every_family_has_one_help_and_one_type),
      WITH_ARENA(nothing_is_lost_between_threads),
      WITH_ARENA(series_that_begin_at_once_stay_apart),
      WITH_ARENA(label_sets_beyond_the_table_are_counted_together),
      WITH_ARENA(without_memory_there_is_no_text),
      WITH_ARENA(promtool_finds_nothing_wrong),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
