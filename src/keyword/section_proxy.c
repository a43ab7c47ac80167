/* SPDX-License-Identifier: Apache-2.0
 *
 * The sections defaults, frontend, backend and listen: their names, and whose settings they begin
 * with. One thread: start-up only.
 */
#include <stdlib.h>
#include "conf/keyword.h"
#include "proxy/mode_advice.h"

struct named {
	struct proxy *px;
	struct named *next;
	bool named_by_others; /* by `from` */
};
static struct named *defaults_list; /* newest first */

static bool name_ok(struct conf_line *l, const char *name)
{
	for (const char *c = name; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || strchr("-_.:", *c)))
			return conf_fail(l, "character '%c' is not permitted in a name (letters, digits, '-', '_', '.' and ':' are)", *c);
	return true;
}

/* The defaults section behind `from`; its name must be that of one section only. */
static struct named *defaults_find(struct conf_line *l, const char *name)
{
	struct named *found = NULL;
	for (struct named *d = defaults_list; d; d = d->next) {
		if (strcmp(d->px->name, name) != 0)
			continue;
		if (found) {
			conf_fail(l, "two defaults sections have this name, at %s:%d and %s:%d", d->px->file, d->px->line,
			          found->px->file, found->px->line);
			return NULL;
		}
		found = d;
	}
	if (!found)
		conf_fail(l, "there is no defaults section of this name before this line");
	return found;
}

/* "from <name>", or the last defaults section; false after a fault. */
static bool take_defaults(struct conf_line *l, struct proxy **out)
{
	*out = NULL;
	if (conf_take_if(l, "from")) {
		const char *name = conf_need(l, "the name of a defaults section");
		struct named *d = name && name_ok(l, name) ? defaults_find(l, name) : NULL;
		if (!d)
			return false;
		d->named_by_others = true;
		*out = d->px;
	} else if (defaults_list) {
		/* A change made for those that name it would reach this one too. */
		if (defaults_list->named_by_others)
			diag_at(DIAG_NOTICE, l->file, l->line, "'%s' takes its settings from defaults section '%s' without naming "
			        "it, while others name it; name it here too, or put a section of its own before", l->words[0],
			        defaults_list->px->name);
		*out = defaults_list->px;
	}
	return true;
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
	*d = (struct named){ px, defaults_list, false };
	defaults_list = d;
	return px;
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
	if (from)
		mode_may_inherit(l, from, caps); /* after a fault reading goes on */
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
