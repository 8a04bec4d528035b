#include "files/sha256.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>

enum cb_status cb_sha256_parts(const struct cb_bytes *parts, size_t count, char hex[CB_SHA256_HEX],
                               struct cb_error *err)
{
    unsigned char digest[32];
    hex[0] = '\0';
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int good = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    for (size_t i = 0; i < count && good; i++) good = EVP_DigestUpdate(context, parts[i].data, parts[i].len);
    good = good && EVP_DigestFinal_ex(context, digest, NULL);
    EVP_MD_CTX_free(context);
    if (!good) {
        const char *reason = ERR_reason_error_string(ERR_peek_last_error());
        ERR_clear_error();
        return cb_fail(err, CB_IO_ERROR,
                       "libcrypto could not compute a SHA-256: %s; check OPENSSL_CONF and the memory that is left",
                       reason ? reason : "no reason given");
    }
    for (size_t i = 0; i < sizeof digest; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return CB_OK;
}

enum cb_status cb_sha256_hex(const void *bytes, size_t len, char hex[CB_SHA256_HEX], struct cb_error *err)
{
    return cb_sha256_parts(&(struct cb_bytes){(uint8_t *)(uintptr_t)bytes, len}, 1, hex, err);
}
