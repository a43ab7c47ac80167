/* SPDX-License-Identifier: Apache-2.0
 *
 * crt-list: certificates out of a file, a line each, with settings and names of their own:
 *     <file> [\[<word> ...\]] [[!]<name> ...]
 * One thread: start-up only.
 */
#include <errno.h>
#include <stdio.h>
#include "conf/keyword.h"
#include "proxy/global.h"
#include "proxy/listener.h"
#include "proxy/tls_words.h"
#include "rule/boot.h"

struct words {
	char **list;  /* boot memory */
	size_t n;
};

static void add_word(struct words *w, struct slice word)
{
	w->list = boot_grow(w->list, w->n, sizeof(*w->list));
	w->list[w->n++] = (char *)boot_copy(word).ptr;
}

static char **end_words(struct words *w)
{
	w->list = boot_grow(w->list, w->n, sizeof(*w->list));
	w->list[w->n] = NULL;
	return w->list;
}

static struct slice take_blanks(struct slice s)
{
	while (s.len && (*s.ptr == ' ' || *s.ptr == '\t'))
		s = slice_from(s, 1);
	return s;
}

static struct slice take_word(struct slice *rest, const char *also)
{
	size_t n = 0;

	while (n < rest->len && strchr(also, rest->ptr[n]) == NULL)
		n++;
	struct slice word = slice_make(rest->ptr, n);
	*rest = take_blanks(slice_from(*rest, n));
	return word;
}

/* What stands between the brackets. False: there is no closing one. */
static bool take_settings(struct slice *rest, struct words *w)
{
	*rest = take_blanks(slice_from(*rest, 1));
	while (rest->len && *rest->ptr != ']')
		add_word(w, take_word(rest, " \t]"));
	if (rest->len == 0)
		return false;
	*rest = take_blanks(slice_from(*rest, 1));
	return true;
}

static const struct tls_settings *read_settings(struct conf_line *l)
{
	struct bind_settings *own = boot_alloc(sizeof(*own));

	if (!keyword_dispatch_words(l, IN_CRT_LIST, "a line of a crt-list", own))
		return NULL;
	return &own->tls.common;
}

static bool read_line(struct conf_line *l, struct slice rest, struct tls_bind_settings *set)
{
	struct words settings = { 0 }, names = { 0 };
	struct tls_bind_cert like = { 0 };
	struct strbuf joined = STRBUF_EMPTY, err = STRBUF_EMPTY;
	const char *path = boot_copy(take_word(&rest, " \t")).ptr;

	if (rest.len && *rest.ptr == '[' && !take_settings(&rest, &settings))
		return conf_fail(l, "'[' without ']'");
	while (rest.len) {
		struct slice name = take_word(&rest, " \t");
		if (slice_is(name, "*"))
			like.is_default = true;
		else
			add_word(&names, name);
	}
	if (settings.n) {
		l->words = end_words(&settings);
		l->count = (int)settings.n;
		if ((like.own = read_settings(l)) == NULL)
			return false;
	}
	like.names = names.n ? (const char **)end_words(&names) : NULL;
	bool ok = tls_bind_add_path(set, tls_path(global.crt_base, path, &joined), &like, &err);
	if (!ok)
		conf_fail(l, "%s", err.ptr);
	strbuf_free(&joined);
	strbuf_free(&err);
	return ok;
}

static bool read_file(const char *path, FILE *f, struct tls_bind_settings *set)
{
	char text[65536];
	bool ok = true;

	for (int number = 1; fgets(text, sizeof(text), f); number++) {
		static char *none[] = { NULL };
		struct conf_line l = { .file = path, .line = number, .words = none };
		struct slice rest = slice_trim(slice_make(text, strcspn(text, "\r\n")));
		if (rest.len && *rest.ptr != '#')
			ok = read_line(&l, rest, set) && ok;
	}
	return ok;
}

static bool parse_crt_list(struct conf_line *l, void *owner)
{
	const char *path = conf_need(l, "a file that names certificates");
	FILE *f = path ? fopen(path, "re") : NULL;

	if (path == NULL)
		return false;
	if (f == NULL)
		return conf_fail(l, "cannot read the list of certificates '%s': %s", path, strerror(errno));
	bool ok = read_file(path, f, &((struct bind_settings *)owner)->tls);
	fclose(f);
	return ok || conf_fail(l, "the list of certificates '%s' has faults", path);
}
KEYWORD(bind_crt_list) = { .keyword = "crt-list", .usage = "crt-list <file>", .where = IN_BIND, .parse = parse_crt_list };
