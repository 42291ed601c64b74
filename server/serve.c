/* Starts the loops, hears the signals, stops in order. */
#include "server/serve.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#include "server/http.h"
#include "server/listen.h"
#include "server/log.h"
#include "server/memory.h"
#include "server/notify.h"
#include "server/ready.h"
#include "server/server.h"
#include "server/tls.h"
#include "server/tokens.h"

extern char **environ;

/* One I/O thread: a loop, its pool, and the fronts of its sockets. The first runs on the main thread. */
struct io_thread {
  uv_loop_t loop;
  uv_thread_t thread;
  struct lossd_pool pool;
  uv_async_t phase;
  struct lossd_http fronts[LOSSD_MAX_SOCKETS];
  int count, stopped;
  struct process *process;
};

struct process {
  struct lossd_config config;
  struct lossd_server server;
  struct lossd_listeners listeners;
  struct io_thread *threads;
  int thread_count;
  uv_signal_t terminate, interrupt, reload;
  uv_timer_t drained, trim;
};

enum { FAILED = 1, WRONG_VALUE = 2 }; /* exit statuses */

static int complain(const char *what, int status) {
  fprintf(stderr, "lossd: %s\n", what);
  return status;
}

/* ---- Stopping ---- */

static void close_main_handles(struct process *process) {
  uv_close((uv_handle_t *)&process->terminate, NULL);
  uv_close((uv_handle_t *)&process->interrupt, NULL);
  uv_close((uv_handle_t *)&process->reload, NULL);
  uv_close((uv_handle_t *)&process->drained, NULL);
  uv_close((uv_handle_t *)&process->trim, NULL);
}

static void on_idle(struct lossd_http *front) {
  struct io_thread *thread = front->context;
  lossd_http_stop(front);
  if (++thread->stopped < thread->count) return;
  uv_close((uv_handle_t *)&thread->phase, NULL);
  uv_unref(
      (uv_handle_t *)&thread->pool.wake); /* another loop may still knock: closed after all loops ended */
  if (thread == thread->process->threads) close_main_handles(thread->process);
}

static void on_phase(uv_async_t *async) {
  struct io_thread *thread = async->data;
  for (int i = 0; i < thread->count; i++) lossd_http_notice_phase(&thread->fronts[i]);
}

static void enter(struct process *process, enum lossd_phase phase) {
  atomic_store(&process->server.phase, (int)phase);
  for (int i = 0; i < process->thread_count; i++) uv_async_send(&process->threads[i].phase);
}

static void on_drained(uv_timer_t *timer) {
  lossd_log(LOSSD_LOG_INFO, "finish", "finishing what is under way");
  enter(timer->data, LOSSD_PHASE_FINISHING);
}

static void on_stop(uv_signal_t *handle, int number) {
  struct process *process = handle->data;
  if (atomic_load(&process->server.phase) != LOSSD_PHASE_SERVING) _exit(128 + number);
  lossd_log(LOSSD_LOG_INFO, "drain", "signal %d: draining for %g s", number, process->config.drain_seconds);
  lossd_notify("STOPPING=1");
  enter(process, LOSSD_PHASE_DRAINING);
  uv_timer_start(&process->drained, on_drained, (uint64_t)(process->config.drain_seconds * 1000), 0);
}

static void on_reload(uv_signal_t *handle, int number) {
  struct process *process = handle->data;
  char error[LOSSD_ERROR_TEXT] = "";
  (void)number;
  bool tokens = !process->server.tokens || lossd_tokens_reload(process->server.tokens, error);
  if (!tokens) lossd_log(LOSSD_LOG_ERROR, "reload", "the old tokens stay in force: %s", error);
  bool tls = !process->config.tls_cert || lossd_tls_load(&process->config, error);
  if (!tls) lossd_log(LOSSD_LOG_ERROR, "reload", "the old certificate stays in force: %s", error);
  if (tokens && tls) lossd_log(LOSSD_LOG_INFO, "reload", "tokens and certificates were read again");
}

/* ---- Starting ---- */

static rlim_t raise_file_limit(void) {
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return RLIM_INFINITY;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  return getrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_cur : RLIM_INFINITY;
}

/* Where files run out connections wait in silence: a quarter is left for those that are told that there are
 * too many. */
static void fit_connections(struct lossd_config *config, rlim_t files) {
  const rlim_t own = 16 + 8 * (rlim_t)config->io_threads;
  const rlim_t most = files > own + 4 ? (files - own) / 4 * 3 : 1;
  if ((rlim_t)config->max_connections <= most) return;
  lossd_log(LOSSD_LOG_WARN, "connections", "at most %llu, not %d (--max-connections): %llu files may be open",
            (unsigned long long)most, config->max_connections, (unsigned long long)files);
  config->max_connections = (int)most;
}

/* Small requests come and go: their memory is not handed to the system and taken back each time. */
static void keep_small_memory(void) {
  mallopt(M_TRIM_THRESHOLD, 16 << 20);
  mallopt(M_TOP_PAD, 1 << 20);
}

/* Tokens and certificates. 0, or the exit status. */
static int read_secrets(const struct lossd_config *config, struct lossd_tokens **tokens,
                        char error[LOSSD_ERROR_TEXT]) {
  if (config->token_file && !(*tokens = lossd_tokens_new(config->token_file, error))) return WRONG_VALUE;
  return !config->tls_cert || lossd_tls_load(config, error) ? 0 : WRONG_VALUE;
}

static int check(const struct lossd_config *config) {
  struct lossd_tokens *tokens = NULL;
  char error[LOSSD_ERROR_TEXT];
  const int status = read_secrets(config, &tokens, error);
  lossd_tokens_free(tokens);
  lossd_tls_unload();
  if (status) return complain(error, status);
  puts("lossd: the configuration is valid");
  return lossd_config_told(stdout, stderr) - 1;
}

/* 0, or the exit status. */
static int make_server(struct process *process, char error[LOSSD_ERROR_TEXT]) {
  const struct lossd_config *config = &process->config;
  struct lossd_server *server = &process->server;
  server->config = config;
  server->memory = lossd_memory_cache();
  server->limits = (struct lossd_limits){.max_elements = config->max_elements,
                                         .max_body_bytes = config->max_body_bytes,
                                         .max_request_bytes = config->max_inflight_bytes};
  snprintf(error, LOSSD_ERROR_TEXT,
           "cannot start %d threads (--workers): a limit of processes or of memory is in the way",
           config->workers);
  if (!lossd_workers_init(&server->workers, config->workers)) return FAILED;
  snprintf(error, LOSSD_ERROR_TEXT, "there is no memory");
  if (!lossd_admission_init(&server->admission, config)) return FAILED;
  return read_secrets(config, &server->tokens, error);
}

static bool start_thread(struct process *process, int index) {
  struct io_thread *thread = &process->threads[index];
  thread->process = process;
  thread->phase.data = thread;
  if (uv_loop_init(&thread->loop) != 0 || uv_async_init(&thread->loop, &thread->phase, on_phase) != 0 ||
      lossd_pool_init(&thread->pool, &thread->loop, &process->server.workers) != 0)
    return false;
  for (int i = index; i < process->listeners.count; i += process->thread_count)
    if (lossd_http_start(&thread->fronts[thread->count++], &process->server, &thread->pool,
                         process->listeners.sockets[i], on_idle, thread) != 0)
      return false;
  return true;
}

static void on_trim(uv_timer_t *timer) {
  (void)timer;
  lossd_memory_cache_trim();
}

/* A large body's memory outlives the pause before the next one. */
static void start_trimming(struct process *process) {
  enum { MILLISECONDS = 5000 };
  uv_timer_init(&process->threads[0].loop, &process->trim);
  uv_timer_start(&process->trim, on_trim, MILLISECONDS, MILLISECONDS);
}

static void hear_signals(struct process *process) {
  uv_loop_t *loop = &process->threads[0].loop;
  process->terminate.data = process->interrupt.data = process->reload.data = process->drained.data = process;
  signal(SIGPIPE, SIG_IGN);
  uv_signal_init(loop, &process->terminate);
  uv_signal_init(loop, &process->interrupt);
  uv_signal_init(loop, &process->reload);
  uv_timer_init(loop, &process->drained);
  uv_signal_start(&process->terminate, on_stop, SIGTERM);
  uv_signal_start(&process->interrupt, on_stop, SIGINT);
  uv_signal_start(&process->reload, on_reload, SIGHUP);
}

static void run_thread(void *context) {
  struct io_thread *thread = context;
  uv_run(&thread->loop, UV_RUN_DEFAULT);
}

static bool start_threads(struct process *process) {
  process->thread_count = process->config.io_threads;
  process->threads = calloc((size_t)process->thread_count, sizeof *process->threads);
  for (int i = 0; process->threads && i < process->thread_count; i++)
    if (!start_thread(process, i)) return false;
  if (!process->threads) return false;
  hear_signals(process);
  start_trimming(process);
  for (int i = 1; i < process->thread_count; i++)
    if (uv_thread_create(&process->threads[i].thread, run_thread, &process->threads[i]) != 0) return false;
  return true;
}

static void clean_up(struct process *process) {
  for (int i = 1; i < process->thread_count; i++) uv_thread_join(&process->threads[i].thread);
  for (int i = 0; i < process->thread_count; i++) {
    lossd_pool_close(&process->threads[i].pool);
    uv_run(&process->threads[i].loop, UV_RUN_DEFAULT);
    uv_loop_close(&process->threads[i].loop);
  }
  free(process->threads);
  lossd_tokens_free(process->server.tokens);
  lossd_tls_unload();
  lossd_admission_destroy(&process->server.admission);
  lossd_listen_end(&process->listeners);
  lossd_memory_cache_cap(0);
}

static int serve(struct process *process) {
  char error[LOSSD_ERROR_TEXT];
  fit_connections(&process->config, raise_file_limit());
  keep_small_memory();
  int status = make_server(process, error);
  if (status) return complain(error, status);
  if (!lossd_listen(&process->listeners, &process->config, error))
    return complain(error, process->listeners.no_such_host ? WRONG_VALUE : FAILED);
  process->server.inherited = process->listeners.inherited;
  if (!start_threads(process))
    return complain("cannot start serving: a thread or the HTTP library did not start", FAILED);
  printf("lossd listening on %s\n", process->listeners.address);
  fflush(stdout);
  lossd_log(LOSSD_LOG_INFO, "start", "listening on %s", process->listeners.address);
  lossd_notify("READY=1");
  run_thread(&process->threads[0]);
  clean_up(process);
  lossd_log(LOSSD_LOG_INFO, "stop", "everything is finished");
  return 0;
}

int lossd_serve(int argc, char **argv) {
  static struct process process;
  int finished = lossd_config_parse(&process.config, argc, argv, environ);
  if (finished) return finished - 1;
  if (process.config.mode == LOSSD_READY) return lossd_ready(&process.config);
  if (process.config.mode == LOSSD_CHECK) return check(&process.config);
  lossd_log_init(process.config.log_format, process.config.log_level);
  return serve(&process);
}
