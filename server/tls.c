#include "server/tls.h"

#include <gnutls/x509.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { LONGEST_CHAIN = 16 };

/* What one reading of the files gave. Older ones stay until the end, because handshakes may
 * still use them. */
struct material {
  struct material *older;
  gnutls_pcert_st chain[LONGEST_CHAIN];
  unsigned int chain_length;
  gnutls_privkey_t key;
  gnutls_x509_trust_list_t clients;             /* NULL: any client may come */
  gnutls_certificate_credentials_t credentials; /* the same, as sessions take it; NULL with clients */
};

static _Atomic(struct material *) in_force;

static bool read_chain(struct material *material, const char *path) {
  gnutls_datum_t pem;
  if (gnutls_load_file(path, &pem) < 0) return false;
  unsigned int count = LONGEST_CHAIN;
  int result = gnutls_pcert_list_import_x509_raw(material->chain, &count, &pem, GNUTLS_X509_FMT_PEM, 0);
  gnutls_free(pem.data);
  if (result >= 0) material->chain_length = count;
  return result >= 0 && count > 0;
}

static bool read_key(struct material *material, const char *path) {
  gnutls_datum_t pem;
  if (gnutls_load_file(path, &pem) < 0) return false;
  bool read = gnutls_privkey_init(&material->key) >= 0 &&
              gnutls_privkey_import_x509_raw(material->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0) >= 0;
  gnutls_memset(pem.data, 0, pem.size);
  gnutls_free(pem.data);
  return read;
}

static bool read_clients(struct material *material, const char *path) {
  gnutls_datum_t pem;
  if (gnutls_load_file(path, &pem) < 0) return false;
  bool read =
      gnutls_x509_trust_list_init(&material->clients, 0) >= 0 &&
      gnutls_x509_trust_list_add_trust_mem(material->clients, &pem, NULL, GNUTLS_X509_FMT_PEM, 0, 0) > 0 &&
      gnutls_certificate_allocate_credentials(&material->credentials) >= 0 &&
      gnutls_certificate_set_x509_trust_mem(material->credentials, &pem, GNUTLS_X509_FMT_PEM) > 0;
  if (read) gnutls_certificate_set_retrieve_function2(material->credentials, lossd_tls_certificate);
  gnutls_free(pem.data);
  return read;
}

static void free_material(struct material *material) {
  for (unsigned int i = 0; i < material->chain_length; i++) gnutls_pcert_deinit(&material->chain[i]);
  if (material->key) gnutls_privkey_deinit(material->key);
  if (material->clients) gnutls_x509_trust_list_deinit(material->clients, 1);
  if (material->credentials) gnutls_certificate_free_credentials(material->credentials);
  free(material);
}

static bool key_fits(const struct material *material) {
  static const gnutls_datum_t text = {(unsigned char *)(uintptr_t) "lossd", 5};
  gnutls_datum_t signature = {NULL, 0};
  gnutls_digest_algorithm_t hash = GNUTLS_DIG_SHA256;
  if (gnutls_pubkey_get_preferred_hash_algorithm(material->chain[0].pubkey, &hash, NULL) < 0) return false;
  if (gnutls_privkey_sign_data(material->key, hash, 0, &text, &signature) < 0) return false;
  gnutls_sign_algorithm_t algorithm =
      gnutls_pk_to_sign((gnutls_pk_algorithm_t)gnutls_privkey_get_pk_algorithm(material->key, NULL), hash);
  int result = gnutls_pubkey_verify_data2(material->chain[0].pubkey, algorithm, GNUTLS_VERIFY_ALLOW_BROKEN,
                                          &text, &signature);
  gnutls_free(signature.data);
  return result >= 0;
}

bool lossd_tls_load(const struct lossd_config *config, char error[LOSSD_ERROR_TEXT]) {
  struct material *material = calloc(1, sizeof *material);
  const char *wrong = NULL;
  if (!material)
    wrong = "there is no memory";
  else if (!read_chain(material, config->tls_cert))
    wrong = "--tls-cert holds no PEM certificate, or cannot be read";
  else if (!read_key(material, config->tls_key))
    wrong = "--tls-key holds no PEM private key without a password, or cannot be read";
  else if (!key_fits(material))
    wrong = "--tls-key does not belong to --tls-cert";
  else if (config->tls_client_ca && !read_clients(material, config->tls_client_ca))
    wrong = "--tls-client-ca holds no PEM certificate, or cannot be read";
  if (wrong) {
    snprintf(error, LOSSD_ERROR_TEXT, "%s", wrong);
    if (material) free_material(material);
    return false;
  }
  material->older = atomic_load(&in_force);
  atomic_store(&in_force, material);
  return true;
}

void lossd_tls_unload(void) {
  struct material *material = atomic_exchange(&in_force, NULL);
  while (material) {
    struct material *older = material->older;
    free_material(material);
    material = older;
  }
}

int lossd_tls_certificate(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                          const gnutls_pk_algorithm_t *algorithms, int algorithm_count,
                          gnutls_pcert_st **certificates, unsigned int *certificate_count,
                          gnutls_privkey_t *key) {
  (void)session, (void)authorities, (void)authority_count, (void)algorithms, (void)algorithm_count;
  struct material *material = atomic_load(&in_force);
  *certificates = material->chain;
  *certificate_count = material->chain_length;
  *key = material->key;
  return 0;
}

void lossd_tls_begin(gnutls_session_t session) {
  struct material *material = atomic_load(&in_force);
  if (!material->credentials) return;
  gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, material->credentials);
  gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
}

static bool is_signed_by_client_ca(struct material *material, const gnutls_datum_t *raw, unsigned int count) {
  gnutls_x509_crt_t chain[LONGEST_CHAIN];
  char purpose[] = GNUTLS_KP_TLS_WWW_CLIENT;
  gnutls_typed_vdata_st need = {.type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *)purpose};
  unsigned int read = 0, verdict = GNUTLS_CERT_INVALID;
  for (; read < count && read < LONGEST_CHAIN; read++) {
    if (gnutls_x509_crt_init(&chain[read]) < 0) break;
    if (gnutls_x509_crt_import(chain[read], &raw[read], GNUTLS_X509_FMT_DER) < 0) {
      gnutls_x509_crt_deinit(chain[read]);
      break;
    }
  }
  bool good =
      read > 0 && read == count &&
      gnutls_x509_trust_list_verify_crt2(material->clients, chain, read, &need, 1, 0, &verdict, NULL) >= 0 &&
      verdict == 0;
  while (read > 0) gnutls_x509_crt_deinit(chain[--read]);
  return good;
}

bool lossd_tls_client_is_good(gnutls_session_t session) {
  struct material *material = atomic_load(&in_force);
  unsigned int count = 0;
  if (!material->clients) return true;
  const gnutls_datum_t *raw = gnutls_certificate_get_peers(session, &count);
  return raw && is_signed_by_client_ca(material, raw, count);
}

void lossd_tls_send_last(void *session, const char *bytes, size_t length) {
  gnutls_session_t tls = session;
  while (length > 0) {
    ssize_t sent = gnutls_record_send(tls, bytes, length);
    if (sent <= 0) break;
    bytes += sent;
    length -= (size_t)sent;
  }
  gnutls_bye(tls, GNUTLS_SHUT_WR);
}
