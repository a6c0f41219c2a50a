#ifndef TIDEGATE_COPENSSL_H
#define TIDEGATE_COPENSSL_H

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#endif
