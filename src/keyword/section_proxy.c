/* SPDX-License-Identifier: Apache-2.0
 *
 * The sections defaults, frontend, backend and listen: their names, and whose settings they begin
 * with. One thread: start-up only.
 */
#include <stdlib.h>
#include "conf/keyword.h"
#include "proxy/proxy.h"

struct named {
	struct proxy *px;
	struct named *next;
};
static struct named *defaults_list; /* newest first */

static struct proxy *defaults_find(const char *name)
{
	for (struct named *d = defaults_list; d; d = d->next)
		if (d->px->name[0] && strcmp(d->px->name, name) == 0)
			return d->px;
	return NULL;
}

/* "from <name>", or the last defaults section; false after a fault. */
static bool take_defaults(struct conf_line *l, struct proxy **out)
{
	*out = defaults_list ? defaults_list->px : NULL;
	if (!conf_take_if(l, "from"))
		return true;
	const char *name = conf_need(l, "the name of a defaults section");
	if (name == NULL)
		return false;
	*out = defaults_find(name);
	return *out || conf_fail(l, "there is no defaults section of this name before this line");
}

static void *begin_defaults(struct conf_line *l)
{
	const char *name = conf_peek(l);
	struct proxy *from = NULL;

	if (name && strcmp(name, "from") != 0)
		conf_take(l);
	else
		name = "";
	/* A defaults section begins from nothing unless it says `from`. */
	if (conf_peek(l) && !take_defaults(l, &from))
		return NULL;
	struct named *d = malloc(sizeof(*d));
	struct proxy *px = proxy_new(name, 0, from, l->file, l->line);
	*d = (struct named){ px, defaults_list };
	defaults_list = d;
	return px;
}

static bool name_ok(struct conf_line *l, const char *name)
{
	for (const char *c = name; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || strchr("-_.:", *c)))
			return conf_fail(l, "character '%c' is not permitted in a name (letters, digits, '-', '_', '.' and ':' are)", *c);
	return true;
}

static void *begin(struct conf_line *l, unsigned caps)
{
	const char *name = conf_need(l, "a name");
	struct proxy *from, *other;

	if (name == NULL || !name_ok(l, name))
		return NULL;
	other = proxy_find(slice_of(name), caps);
	if (other)
		conf_fail(l, "a %s of this name stands at %s:%d already", proxy_kind(other), other->file, other->line);
	if (!take_defaults(l, &from))
		return NULL;
	return proxy_new(name, caps, from, l->file, l->line);
}

static void *begin_frontend(struct conf_line *l)
{
	return begin(l, PROXY_FE);
}

static void *begin_backend(struct conf_line *l)
{
	return begin(l, PROXY_BE);
}

static void *begin_listen(struct conf_line *l)
{
	return begin(l, PROXY_FE | PROXY_BE);
}

SECTION(defaults) = { .keyword = "defaults", .usage = "defaults [<name>] [from <name>]", .where = IN_DEFAULTS, .begin = begin_defaults };
SECTION(frontend) = { .keyword = "frontend", .usage = "frontend <name> [from <name>]", .where = IN_FRONTEND, .begin = begin_frontend };
SECTION(backend) = { .keyword = "backend", .usage = "backend <name> [from <name>]", .where = IN_BACKEND, .begin = begin_backend };
SECTION(listen) = { .keyword = "listen", .usage = "listen <name> [from <name>]", .where = IN_LISTEN, .begin = begin_listen };
