/* SPDX-License-Identifier: Apache-2.0
 *
 * Which certificates a word of a bind line names. Start-up, but for crt_line_parse().
 */
#ifndef USHER_PROXY_TLS_BIND_FILES_H
#define USHER_PROXY_TLS_BIND_FILES_H

#include "proxy/crt_lists.h"

struct conf_line;

/* `crt`: a file, all files of a directory in their order, or those of a bundle. False with the reason in err. */
bool tls_bind_add_path(struct tls_bind_settings *set, const char *path, const struct tls_bind_cert *like, struct strbuf *err);
/* `crt-list`: what is in this file. False after conf_fail(). */
bool tls_bind_add_list(struct tls_bind_settings *set, struct conf_line *l, const char *path);
/* A line of such a file: the path in it, what it says of the certificate (file is not set), and what stands behind the path as text. What
 * they borrow is boot memory. False after conf_fail(). */
bool crt_line_parse(struct conf_line *l, struct slice text, const char **path, struct tls_bind_cert *out, struct strbuf *behind);

#endif
