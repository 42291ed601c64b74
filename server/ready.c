#include "server/ready.h"

#include <gnutls/gnutls.h>
#include <stdio.h>
#include <unistd.h>

#include "server/listen.h"

static const char question[] = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/* The status line's code; 0 when the answer is no HTTP. */
static int status_of(const char *answer, ssize_t length) {
  int status = 0;
  char line[32];
  snprintf(line, sizeof line, "%.*s", length > 0 ? (int)length : 0, answer);
  return sscanf(line, "HTTP/1.%*d %d", &status) == 1 ? status : 0;
}

static int ask(int s) {
  char answer[512];
  if (write(s, question, sizeof question - 1) < 0) return 0;
  return status_of(answer, read(s, answer, sizeof answer));
}

/* Whoever can open this port of this machine is the server: the certificate is not looked at. */
static int ask_tls(int s) {
  char answer[512];
  gnutls_session_t session = NULL;
  gnutls_certificate_credentials_t credentials = NULL;
  int status = 0;
  if (gnutls_certificate_allocate_credentials(&credentials) >= 0 &&
      gnutls_init(&session, GNUTLS_CLIENT) >= 0 && gnutls_set_default_priority(session) >= 0 &&
      gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials) >= 0) {
    gnutls_transport_set_int(session, s);
    if (gnutls_handshake(session) >= 0 && gnutls_record_send(session, question, sizeof question - 1) > 0)
      status = status_of(answer, gnutls_record_recv(session, answer, sizeof answer));
  }
  if (session) gnutls_deinit(session);
  if (credentials) gnutls_certificate_free_credentials(credentials);
  return status;
}

int lossd_ready(const struct lossd_config *config) {
  char error[LOSSD_ERROR_TEXT];
  int s = lossd_connect(config, error);
  if (s < 0) {
    fprintf(stderr, "lossd: not ready: %s\n", error);
    return 1;
  }
  int status = config->tls_cert ? ask_tls(s) : ask(s);
  close(s);
  if (status == 200) return 0;
  fprintf(stderr, "lossd: not ready: /readyz answered %d\n", status);
  return 1;
}
