/* Configuration: flags win over the environment, which wins over the defaults.
 *
 * One table (config_table.c) has a row a flag; parsing, the names in the environment (--max-body-bytes is
 * LOSSD_MAX_BODY_BYTES), --help, --print-config and docs/configuration.md all come from it. A wrong value is
 * one line on standard error and exit 2, never a silent default; so is a variable that is set but empty. A
 * flag given twice counts the last time. A variable that a flag overrides is not looked at.
 *
 * Call once, from the main thread, before there are others: getopt and the choice of kernels are
 * process-wide. Strings in a configuration are borrowed from argv, envp or the table. */
#ifndef LOSSD_SERVER_CONFIG_H
#define LOSSD_SERVER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* serve; ask a running server (same host, port or socket) whether it is ready and exit 0 or 1; or say whether
 * the configuration, valid as far as values go, has files that can be served with. */
enum lossd_mode { LOSSD_SERVE, LOSSD_READY, LOSSD_CHECK };

/* Bytes of a line that says why a start or a reload fails. */
#define LOSSD_ERROR_TEXT 512

struct lossd_config {
  enum lossd_mode mode;

  const char *host;        /* address or name */
  int port;                /* 0: any free one */
  const char *unix_socket; /* path to listen on instead of host and port, or NULL */
  int io_threads;          /* event loops */
  int workers;             /* threads that compute */

  size_t max_body_bytes;     /* of one request, inflated */
  int64_t max_elements;      /* of one evaluation after broadcasting, working cells included */
  int queue_depth;           /* requests that wait */
  size_t max_inflight_bytes; /* of all requests together */
  double max_queue_time;     /* seconds that the work under way may be estimated to take */
  double request_timeout;    /* seconds from the body's end */
  double idle_timeout;       /* seconds between requests */
  double header_timeout;     /* seconds for the headers of one request */
  size_t min_upload_rate;    /* bytes a second, after a grace period; 0: none */
  int max_connections;
  int max_connections_per_client; /* for each address; 0: no limit of its own */
  double drain_seconds;

  const char *tls_cert, *tls_key, *tls_client_ca; /* PEM files, or NULL */
  const char *token_file;                         /* one token a line, or NULL */
  bool metrics_token;                             /* /metrics needs a token too */
  const char *cors_origin;                        /* "*" or one origin, or NULL */

  int log_format, log_level; /* enum lossd_log_format, enum lossd_log_level */
  bool no_server_timing;
  const char *instruction_set; /* already in force; NULL: the best this machine has */
};

/* Fills config. 0: go on in config->mode. Else the process's exit code + 1: what was asked for (such as
 * --help) has been printed, or what is wrong. envp ends with NULL. */
int lossd_config_parse(struct lossd_config *config, int argc, char **argv, char **envp);
/* What was printed is told once it is written: 1, or 1 + exit code 3 and a line on err. */
int lossd_config_told(FILE *out, FILE *err);
/* The same as lossd_config_parse with other streams for standard output and standard error. */
int lossd_config_read(struct lossd_config *config, int argc, char **argv, char **envp, FILE *out, FILE *err);

/* The HTTP library's version, for --version. Defined beside the one user of that library, http.c. */
const char *lossd_http_library_version(void);

/* The table of all flags in Markdown, as docs/configuration.md has it. */
void lossd_config_markdown(FILE *out);

#endif
