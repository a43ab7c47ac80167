/* SPDX-License-Identifier: Apache-2.0 */
#ifndef USHER_PROXY_PASSWORD_H
#define USHER_PROXY_PASSWORD_H

#include <stdbool.h>

/* Whether crypt(3) makes `hash` of the password: whatever the system's libcrypt knows ($y$, $2b$, $6$, $5$, $1$, DES).
 * Takes milliseconds and, for some, megabytes: for helpers (core/helper.h), not for loops. Any thread. */
bool password_matches(const char *password, const char *hash);

#endif
