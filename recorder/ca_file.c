#include "recorder/ca_file.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>

enum err ca_file_check(const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return err_errno("cannot read the certificates in '%s'", path);
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    if (!certificate)
        return err_fail(ERR_USAGE, "no certificate in '%s'; --ca-file takes a PEM file", path);
    X509_free(certificate);
    return ERR_OK;
}
