// OpenSSL, and as functions what it has as macros: Swift sees no macro with parameters, and no constant that is computed.
#ifndef TIDEGATE_COPENSSL_H
#define TIDEGATE_COPENSSL_H

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static inline int tls_set_versions(SSL_CTX *context, int lowest, int highest) {
    return SSL_CTX_set_min_proto_version(context, lowest) && SSL_CTX_set_max_proto_version(context, highest);
}

static inline int tls_set_groups(SSL_CTX *context, const char *names) {
    return (int)SSL_CTX_set1_groups_list(context, names);
}

static inline void tls_set_modes(SSL_CTX *context, long set, long cleared) {
    SSL_CTX_set_mode(context, set);
    SSL_CTX_clear_mode(context, cleared);
}

static inline void tls_keep_no_sessions(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static inline int tls_add_to_chain(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add1_chain_cert(context, certificate);
}

static inline void tls_on_host_name(SSL_CTX *context, int (*callback)(SSL *, int *, void *)) {
    SSL_CTX_set_tlsext_servername_callback(context, callback);
}

static inline void tls_on_status_request(SSL_CTX *context, int (*callback)(SSL *, void *), void *argument) {
    SSL_CTX_set_tlsext_status_cb(context, callback);
    SSL_CTX_set_tlsext_status_arg(context, argument);
}

// `response` must be of OPENSSL_malloc and is the connection's from here on.
static inline int tls_set_status(SSL *ssl, unsigned char *response, long count) {
    return (int)SSL_set_tlsext_status_ocsp_resp(ssl, response, count);
}

static inline int tls_name_host(SSL *ssl, const char *name) { return (int)SSL_set_tlsext_host_name(ssl, name); }

static inline void tls_will_retry(BIO *bio, int is_write) {
    if (is_write) BIO_set_retry_write(bio); else BIO_set_retry_read(bio);
}

static inline void tls_begin_io(BIO *bio) { BIO_clear_retry_flags(bio); }

static inline void *tls_copy(const void *bytes, size_t count) { return OPENSSL_memdup(bytes, count); }

// OSSL_PARAM keeps the pointers that it is made of, and Swift's strings have none that lasts.
static inline int tls_begin_hmac(EVP_MAC_CTX *mac, const unsigned char *key, size_t count) {
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key, count),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0), OSSL_PARAM_construct_end()};
    return EVP_MAC_CTX_set_params(mac, parameters);
}

// RFC 4514, with UTF-8 as it is.
static const unsigned long tls_subject_flags = XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB;

// The alternative names of a certificate: a stack, of which Swift knows no type.
static inline void *tls_alternative_names(const X509 *certificate) {
    return X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
}

static inline int tls_count_names(void *names) { return sk_GENERAL_NAME_num((GENERAL_NAMES *)names); }

static inline void tls_free_names(void *names) { GENERAL_NAMES_free((GENERAL_NAMES *)names); }

// The kind of a name (GEN_…), and of one that is text its bytes.
static inline int tls_name_at(void *names, int place, const unsigned char **text, int *count) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value((GENERAL_NAMES *)names, place);
    if (name->type == GEN_URI || name->type == GEN_DNS || name->type == GEN_EMAIL) {
        *text = ASN1_STRING_get0_data(name->d.ia5);
        *count = ASN1_STRING_length(name->d.ia5);
    }
    return name->type;
}

static const uint64_t tls_server_options = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                           SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                           SSL_OP_PRIORITIZE_CHACHA;
static const uint64_t tls_client_options = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION;

#endif
