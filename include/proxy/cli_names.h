/* SPDX-License-Identifier: Apache-2.0
 *
 * What the words of a runtime command name: a frontend, a server. Each takes a word and gives the
 * thing, or NULL after the answer has said what is wrong, in HAProxy's words. Any thread.
 */
#ifndef USHER_PROXY_CLI_NAMES_H
#define USHER_PROXY_CLI_NAMES_H

#include "proxy/cli.h"
#include "proxy/proxy.h"

/* "<backend>/<server>", or "<backend>/#<id>"; the first word. */
struct server *cli_take_server(struct cli *c);
/* "<frontend>", or "#<id>"; the first word. */
struct proxy *cli_take_frontend(struct cli *c);
/* A number from 0 to `most`. */
bool cli_take_number(struct cli *c, const char *word, int64_t most, int64_t *n);

#endif
