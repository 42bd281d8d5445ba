#include "engine/candle/candle_digest.h"

#include <openssl/evp.h>

#include <stdlib.h>

/* Rows are gathered, since a hash call costs as much as hashing a row. */
#define GATHERED_MAX (2 * CANDLE_ROW_MAX)

struct candle_digest {
    EVP_MD_CTX *hash;
    EVP_MD_CTX *copy; /* for the digest so far */
    size_t size;
    char gathered[GATHERED_MAX];
};

_Static_assert(GATHERED_MAX >= CANDLE_ROW_MAX, "a row fits");

enum err candle_digest_new(struct candle_digest **out)
{
    struct candle_digest *digest = malloc(sizeof *digest);
    if (digest == NULL)
        return err_fail(ERR_NOMEM, "out of memory for the candle digest");
    digest->size = 0;
    digest->hash = EVP_MD_CTX_new();
    digest->copy = EVP_MD_CTX_new();
    if (digest->hash == NULL || digest->copy == NULL ||
        EVP_DigestInit_ex(digest->hash, EVP_sha256(), NULL) != 1) {
        candle_digest_free(digest);
        return err_fail(ERR_NOMEM, "sha-256 of the crypto library cannot be used");
    }
    *out = digest;
    return ERR_OK;
}

void candle_digest_free(struct candle_digest *digest)
{
    if (digest == NULL)
        return;
    EVP_MD_CTX_free(digest->hash);
    EVP_MD_CTX_free(digest->copy);
    free(digest);
}

static enum err hash_gathered(EVP_MD_CTX *hash, const struct candle_digest *digest)
{
    if (EVP_DigestUpdate(hash, digest->gathered, digest->size) != 1)
        return err_fail(ERR_NOMEM, "sha-256 of the crypto library failed");
    return ERR_OK;
}

enum err candle_digest_add(struct candle_digest *digest, const struct candle *candle)
{
    if (digest->size + CANDLE_ROW_MAX > GATHERED_MAX) {
        enum err err = hash_gathered(digest->hash, digest);
        if (err != ERR_OK)
            return err;
        digest->size = 0;
    }
    digest->size += candle_digest_row(candle, digest->gathered + digest->size);
    return ERR_OK;
}

enum err candle_digest_text(const struct candle_digest *digest, char text[CANDLE_DIGEST_TEXT_MAX])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    if (EVP_MD_CTX_copy_ex(digest->copy, digest->hash) != 1)
        return err_fail(ERR_NOMEM, "sha-256 of the crypto library failed");
    enum err err = hash_gathered(digest->copy, digest);
    if (err != ERR_OK)
        return err;
    if (EVP_DigestFinal_ex(digest->copy, bytes, NULL) != 1)
        return err_fail(ERR_NOMEM, "sha-256 of the crypto library failed");
    for (size_t i = 0; i < CANDLE_DIGEST_TEXT_MAX / 2; i++) {
        text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    text[CANDLE_DIGEST_TEXT_MAX - 1] = '\0';
    return ERR_OK;
}
