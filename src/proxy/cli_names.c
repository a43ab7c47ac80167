/* SPDX-License-Identifier: Apache-2.0
 *
 * Names in runtime commands; see cli_names.h.
 */
#include "proxy/cli_names.h"

struct server *cli_take_server(struct cli *c)
{
	struct slice word = slice_of(c->args[0]), name;
	ptrdiff_t slash = c->arg_count ? slice_find_byte(word, '/') : -1;
	struct server *srv;
	int64_t id;

	if (slash < 0) {
		cli_refuse(c, "Require 'backend/server'.");
		return NULL;
	}
	struct proxy *be = proxy_find(slice_make(word.ptr, (size_t)slash), PROXY_BE);
	if (be == NULL) {
		cli_refuse(c, "No such backend.");
		return NULL;
	}
	name = slice_from(word, (size_t)slash + 1);
	srv = server_find(be, name);
	if (srv == NULL && slice_starts(name, SLICE("#")) && slice_to_i64(slice_from(name, 1), &id))
		TAILQ_FOREACH(srv, &be->servers, link)
			if (srv->id == id)
				break;
	if (srv == NULL)
		cli_refuse(c, "No such server.");
	return srv;
}

struct proxy *cli_take_frontend(struct cli *c)
{
	struct slice word = slice_of(c->args[0]);
	struct proxy *fe;
	int64_t id;

	if (word.len == 0) {
		cli_refuse(c, "A frontend name is expected.");
		return NULL;
	}
	fe = proxy_find(word, PROXY_FE);
	if (fe == NULL && slice_starts(word, SLICE("#")) && slice_to_i64(slice_from(word, 1), &id))
		TAILQ_FOREACH(fe, &proxies, link)
			if (fe->caps & PROXY_FE && !fe->internal && fe->id == id)
				break;
	if (fe == NULL)
		cli_refuse(c, "No such frontend.");
	return fe;
}

bool cli_take_number(struct cli *c, const char *word, int64_t most, int64_t *n)
{
	if (!slice_to_i64(slice_of(word), n))
		return cli_refuse(c, "'%s' is not a number.", word);
	return (*n >= 0 && *n <= most) || cli_refuse(c, "Value out of range.");
}
