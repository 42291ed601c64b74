/* TLS: the certificate that is shown, read again on demand, and the verification of clients' certificates.
 * Handshakes of all I/O threads may go on while another thread reloads. */
#ifndef LOSSD_SERVER_TLS_H
#define LOSSD_SERVER_TLS_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>

#include "server/config.h"

/* Reads certificate, key and client CA of the configuration. False, with the reason in error. There is one
 * for the process, because the library's callback takes no context. */
bool lossd_tls_load(const struct lossd_config *config, char error[LOSSD_ERROR_TEXT]);
/* After the last connection. */
void lossd_tls_unload(void);
/* The library's callback (gnutls_certificate_retrieve_function2): the certificate now in force. */
int lossd_tls_certificate(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                          const gnutls_pk_algorithm_t *algorithms, int algorithm_count,
                          gnutls_pcert_st **certificates, unsigned int *certificate_count,
                          gnutls_privkey_t *key);
/* For the library. TLS 1.0 and 1.1 are not to be used (RFC 8996). */
#define LOSSD_TLS_PRIORITIES "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1"
/* Before the handshake: asks for a certificate of the client CA that is in force, where there is one. The
 * HTTP library would name the first for ever. */
void lossd_tls_begin(gnutls_session_t session);
/* True when no client certificate is needed, or the session's is good. */
bool lossd_tls_client_is_good(gnutls_session_t session);
/* Sends what fits now, then the end of the session. */
void lossd_tls_send_last(void *session, const char *bytes, size_t length);

#endif
