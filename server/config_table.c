#include "server/config_table.h"

#include "server/log.h"
#include "server/memory.h"
#include <string.h>
#include <sys/un.h>

#define NAME(symbol, name) name,
static const char *const log_formats[] = {LOSSD_LOG_FORMATS(NAME) NULL};
static const char *const log_levels[] = {LOSSD_LOG_LEVELS(NAME) NULL};
#undef NAME

size_t lossd_default_workers(void) {
  int cpus = lossd_cpu_limit();
  return cpus < 2 ? 2 : cpus > 256 ? 256 : (size_t)cpus;
}

static size_t default_inflight(void) {
  return lossd_memory_limit() / 2;
}

/* Printable ASCII without spaces: such text can go into a header or a log line as it is. */
static bool plain(const char *text) {
  for (; *text; text++)
    if (*text <= ' ' || *text > '~') return false;
  return true;
}

static bool is_host(const char *text) {
  return strlen(text) < 256 && plain(text) && !strchr(text, '/');
}

static bool is_socket_path(const char *text) {
  return strlen(text) < sizeof((struct sockaddr_un *)0)->sun_path;
}

/* As browsers send it, since they compare bytes: another spelling would fit no page. */
static bool is_origin(const char *text) {
  if (strcmp(text, "*") == 0) return true;
  const bool tls = strncmp(text, "https://", 8) == 0;
  const char *host = tls ? text + 8 : strncmp(text, "http://", 7) == 0 ? text + 7 : "";
  const char *port = strrchr(host, ':');
  return *host && plain(host) && !strpbrk(host, "/,?#@\"\\*ABCDEFGHIJKLMNOPQRSTUVWXYZ") &&
         !(port && strcmp(port, tls ? ":443" : ":80") == 0);
}

#define FIELD(member) .offset = offsetof(struct lossd_config, member)
#define KIB 1024.0
#define MIB (1024 * KIB)
#define TIB (1024 * 1024 * MIB)
#define DAY 86400.0

const struct lossd_flag lossd_flags[] = {
    {.group = "Listening",
     .name = "host",
     .metavar = "ADDRESS",
     .type = LOSSD_FLAG_TEXT,
     FIELD(host),
     .value = "127.0.0.1",
     .accepts = is_host,
     .expected = "an IP address or a host name",
     .help = "Address to listen on; 0.0.0.0 or :: for all."},
    {.name = "port",
     .metavar = "PORT",
     .type = LOSSD_FLAG_COUNT,
     FIELD(port),
     .value = "8080",
     .maximum = 65535,
     .help = "Port to listen on; 0 takes a free one, which the first line on standard output names."},
    {.name = "unix-socket",
     .metavar = "PATH",
     .type = LOSSD_FLAG_TEXT,
     FIELD(unix_socket),
     .accepts = is_socket_path,
     .expected = "a path of at most 107 bytes",
     .help = "Listen on this Unix socket instead of host and port."},
    {.name = "io-threads",
     .metavar = "N",
     .type = LOSSD_FLAG_COUNT,
     FIELD(io_threads),
     .value = "1",
     .minimum = 1,
     .maximum = 64,
     .help = "Event loops that read requests and write answers."},
    {.name = "workers",
     .metavar = "N",
     .type = LOSSD_FLAG_COUNT,
     FIELD(workers),
     .automatic = lossd_default_workers,
     .default_text = "the CPUs of the process (affinity and container quota), at least 2",
     .minimum = 1,
     .maximum = 1024,
     .help = "Threads that decode, compute and encode."},

    {.group = "Limits",
     .name = "max-body-bytes",
     .metavar = "SIZE",
     .type = LOSSD_FLAG_BYTES,
     FIELD(max_body_bytes),
     .value = "256MiB",
     .minimum = 1,
     .maximum = TIB,
     .help = "Largest request body, counted after inflating (413)."},
    {.name = "max-elements",
     .metavar = "N",
     .type = LOSSD_FLAG_COUNT64,
     FIELD(max_elements),
     .value = "268435456",
     .minimum = 1,
     .maximum = TIB,
     .help =
         "Most elements of one evaluation after broadcasting, working cells such as CTC's included (422)."},
    {.name = "queue-depth",
     .metavar = "N",
     .type = LOSSD_FLAG_COUNT,
     FIELD(queue_depth),
     .value = "1024",
     .minimum = 1,
     .maximum = 1000000,
     .help = "Most requests that wait for a worker (503)."},
    {.name = "max-inflight-bytes",
     .metavar = "SIZE",
     .type = LOSSD_FLAG_BYTES,
     FIELD(max_inflight_bytes),
     .automatic = default_inflight,
     .default_text = "half the memory the process may use (container limits counted)",
     .minimum = MIB,
     .maximum = 1024 * TIB,
     .help = "Most memory of all requests together (503; 422 for one that could never fit)."},
    {.name = "max-queue-time",
     .metavar = "TIME",
     .type = LOSSD_FLAG_SECONDS,
     FIELD(max_queue_time),
     .value = "30s",
     .minimum = 0.001,
     .maximum = DAY,
     .help = "Longest time that all evaluations under way may be estimated to need (503)."},
    {.name = "request-timeout",
     .metavar = "TIME",
     .type = LOSSD_FLAG_SECONDS,
     FIELD(request_timeout),
     .value = "60s",
     .minimum = 0.001,
     .maximum = DAY,
     .help = "Time from a body's end to its answer (504)."},
    {.name = "idle-timeout",
     .metavar = "TIME",
     .type = LOSSD_FLAG_SECONDS,
     FIELD(idle_timeout),
     .value = "30s",
     .minimum = 0.1,
     .maximum = DAY,
     .help = "Time an open connection may stay silent; keep it above that of a proxy in front."},
    {.name = "header-timeout",
     .metavar = "TIME",
     .type = LOSSD_FLAG_SECONDS,
     FIELD(header_timeout),
     .value = "10s",
     .minimum = 0.1,
     .maximum = DAY,
     .help = "Time for the headers of one request (408, or the connection is closed)."},
    {.name = "min-upload-rate",
     .metavar = "SIZE",
     .type = LOSSD_FLAG_BYTES,
     FIELD(min_upload_rate),
     .value = "1024",
     .maximum = TIB,
     .help = "Slowest body, in bytes a second after a grace period (408); 0 for no limit."},
    {.name = "max-connections",
     .metavar = "N",
     .type = LOSSD_FLAG_COUNT,
     FIELD(max_connections),
     .value = "1024",
     .minimum = 1,
     .maximum = 1000000,
     .help = "Most connections (503); fewer where the limit of open files is lower."},
    {.name = "max-connections-per-client",
     .metavar = "N",
     .type = LOSSD_FLAG_COUNT,
     FIELD(max_connections_per_client),
     .value = "0",
     .maximum = 1000000,
     .help =
         "Most connections of one address (429); 0 for no limit, as behind a proxy all have the proxy's."},
    {.name = "drain-seconds",
     .metavar = "TIME",
     .type = LOSSD_FLAG_SECONDS,
     FIELD(drain_seconds),
     .value = "0s",
     .maximum = DAY,
     .help = "Time to serve on after SIGTERM with /readyz at 503, for load balancers to notice."},

    {.group = "Security",
     .name = "tls-cert",
     .metavar = "FILE",
     .type = LOSSD_FLAG_FILE,
     FIELD(tls_cert),
     .help = "Certificate chain in PEM: serve HTTPS. Needs --tls-key. Read again on SIGHUP."},
    {.name = "tls-key",
     .metavar = "FILE",
     .type = LOSSD_FLAG_FILE,
     FIELD(tls_key),
     .help = "The certificate's private key in PEM."},
    {.name = "tls-client-ca",
     .metavar = "FILE",
     .type = LOSSD_FLAG_FILE,
     FIELD(tls_client_ca),
     .help = "Authorities in PEM: only clients with a certificate of theirs are served, and probes. Read "
             "again on SIGHUP."},
    {.name = "token-file",
     .metavar = "FILE",
     .type = LOSSD_FLAG_FILE,
     FIELD(token_file),
     .help = "Bearer tokens, one a line, one of which requests must carry (401). Read again on SIGHUP."},
    {.name = "metrics-token",
     .type = LOSSD_FLAG_SWITCH,
     FIELD(metrics_token),
     .value = "false",
     .help = "Ask for a token on /metrics too. Needs --token-file."},
    {.name = "cors-origin",
     .metavar = "ORIGIN",
     .type = LOSSD_FLAG_TEXT,
     FIELD(cors_origin),
     .accepts = is_origin,
     .expected = "* or an origin such as https://app.example.com, lower case, without a path or default port",
     .help = "Origin whose pages may call from a browser; * for all."},

    {.group = "Observing",
     .name = "log-format",
     .metavar = "FORMAT",
     .type = LOSSD_FLAG_CHOICE,
     FIELD(log_format),
     .value = "json",
     .choices = log_formats,
     .help = "Log lines on standard error."},
    {.name = "log-level",
     .metavar = "LEVEL",
     .type = LOSSD_FLAG_CHOICE,
     FIELD(log_level),
     .value = "info",
     .choices = log_levels,
     .help = "Least important lines to write; requests are info, probes debug."},
    {.name = "no-server-timing",
     .type = LOSSD_FLAG_SWITCH,
     FIELD(no_server_timing),
     .value = "false",
     .help = "Leave the Server-Timing header out of answers."},

    {.group = "Computing",
     .name = "instruction-set",
     .metavar = "NAME",
     .type = LOSSD_FLAG_TEXT,
     FIELD(instruction_set),
     .default_text = "the best of this machine",
     .expected = "baseline, avx2 or avx512, where this machine and build have it",
     .help = "Kernels to use: baseline, avx2 or avx512. All give the same bits."},

    {.group = "Asking",
     .name = "ready",
     .type = LOSSD_FLAG_ACTION,
     .offset = LOSSD_ACTION_READY,
     .help = "Ask the running server whether it is ready; exit 0 or 1. For health checks of containers."},
    {.name = "print-config",
     .type = LOSSD_FLAG_ACTION,
     .offset = LOSSD_ACTION_PRINT,
     .help = "Print every value and where it comes from."},
    {.name = "check-config",
     .type = LOSSD_FLAG_ACTION,
     .offset = LOSSD_ACTION_CHECK,
     .help = "Check all values and files as a start would; exit 0 or 2."},
    {.name = "help", .type = LOSSD_FLAG_ACTION, .offset = LOSSD_ACTION_HELP, .help = "Print this help."},
    {.name = "version",
     .type = LOSSD_FLAG_ACTION,
     .offset = LOSSD_ACTION_VERSION,
     .help = "Print the versions of lossd and its libraries, and the kernels in use."},
    {.name = "help-markdown", .type = LOSSD_FLAG_ACTION, .offset = LOSSD_ACTION_MARKDOWN},
};

const int lossd_flag_count = sizeof lossd_flags / sizeof *lossd_flags;

int lossd_flag_at(size_t offset) {
  int i = 0;
  while (lossd_flags[i].offset != offset || lossd_flags[i].type == LOSSD_FLAG_ACTION) i++;
  return i;
}

const char *lossd_flag_variable(const struct lossd_flag *flag, char out[LOSSD_VARIABLE_TEXT]) {
  char *to = out + snprintf(out, LOSSD_VARIABLE_TEXT, "LOSSD_");
  for (const char *from = flag->name; *from && to < out + LOSSD_VARIABLE_TEXT - 1; from++)
    *to++ = (char)(*from == '-' ? '_' : *from & ~32);
  *to = 0;
  return out;
}
