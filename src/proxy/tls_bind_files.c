/* SPDX-License-Identifier: Apache-2.0
 *
 * Which certificates a word of a bind line names: a file, those of a directory or a bundle, those of a list
 *     <file> [\[<word> ...\]] [[!]<name> ...]
 * Start-up, and for one line of a list an order at run time.
 */
#include "proxy/tls_bind_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "conf/keyword.h"
#include "proxy/global.h"
#include "proxy/listener.h"
#include "proxy/tls_words.h"
#include "rule/boot.h"

/* ---- files ---- */

static bool add_file(struct tls_bind_settings *set, const char *path, const struct tls_bind_cert *like, struct strbuf *err)
{
	struct cert_file *f = cert_file_get(path, err);

	if (f == NULL)
		return false;
	set->certs = boot_grow(set->certs, set->cert_count, sizeof(*set->certs));
	set->certs[set->cert_count] = *like;
	set->certs[set->cert_count++].file = f;
	return true;
}

/* Files that stand beside certificates, not for themselves. */
static int is_certificate(const struct dirent *d)
{
	static const char *const others[] = { ".key", ".issuer", ".ocsp", ".sctl" };
	struct slice name = slice_of(d->d_name);

	if (*d->d_name == '.')
		return 0;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (slice_ends(name, slice_of(others[i])))
			return 0;
	return 1;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static bool add_directory(struct tls_bind_settings *set, const char *path, const struct tls_bind_cert *like, struct strbuf *err)
{
	struct dirent **list;
	int n = scandir(path, &list, is_certificate, by_bytes);
	bool ok = n >= 0;

	if (n < 0)
		strbuf_addf(err, "cannot read the directory '%s': %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		struct strbuf one = STRBUF_EMPTY;
		struct stat st;
		strbuf_addf(&one, "%s/%s", path, list[i]->d_name);
		if (ok && (stat(one.ptr, &st) < 0 || S_ISREG(st.st_mode)))
			ok = add_file(set, one.ptr, like, err);
		strbuf_free(&one);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return ok;
}

/* One name for a file of each kind of key. */
static bool add_bundle(struct tls_bind_settings *set, const char *path, const struct tls_bind_cert *like, bool *found,
                       struct strbuf *err)
{
	static const char *const kinds[] = { ".rsa", ".ecdsa", ".dsa" };
	struct tls_bind_cert each = *like;
	bool ok = true;

	*found = false;
	for (size_t i = 0; ok && i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct strbuf one = STRBUF_EMPTY;
		struct stat st;
		strbuf_addf(&one, "%s%s", path, kinds[i]);
		if (stat(one.ptr, &st) == 0) {
			each.is_default |= *found && set->cert_count == 1;
			*found = true;
			ok = add_file(set, one.ptr, &each, err);
		}
		strbuf_free(&one);
	}
	return ok;
}

static bool add_path(struct tls_bind_settings *set, const char *path, const struct tls_bind_cert *like, struct strbuf *err)
{
	struct stat st;
	bool found;

	if (cert_file_find(path))
		return add_file(set, path, like, err);
	if (stat(path, &st) == 0)
		return (S_ISDIR(st.st_mode) ? add_directory : add_file)(set, path, like, err);
	int why = errno;
	if (!tls_extra_files.no_bundle) {
		bool ok = add_bundle(set, path, like, &found, err);
		if (!ok || found)
			return ok;
	}
	strbuf_addf(err, "cannot read the certificate '%s': %s", path, strerror(why));
	return false;
}

static void use_list(struct tls_bind_settings *set, struct crt_list *list)
{
	const struct crt_entry *e;

	set->lists = boot_grow(set->lists, set->list_count, sizeof(*set->lists));
	set->lists[set->list_count++] = list;
	TAILQ_FOREACH(e, &list->entries, link) {
		set->certs = boot_grow(set->certs, set->cert_count, sizeof(*set->certs));
		set->certs[set->cert_count++] = e->cert;
	}
}

/* A directory is a list that says nothing but files. */
static bool use_directory(struct tls_bind_settings *set, const char *path, const struct tls_bind_cert *like, struct strbuf *err)
{
	struct crt_list *list = crt_list_find(path);
	struct tls_bind_settings inside = { 0 };

	if (list == NULL) {
		if (!add_directory(&inside, path, like, err))
			return false;
		list = crt_list_make(path, true);
		for (size_t i = 0; i < inside.cert_count; i++)
			crt_list_append(list, &inside.certs[i], 0, "");
	}
	use_list(set, list);
	return true;
}

bool tls_bind_add_path(struct tls_bind_settings *set, const char *path, const struct tls_bind_cert *like, struct strbuf *err)
{
	struct stat st;

	if (!like->is_default && cert_file_find(path) == NULL && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return use_directory(set, path, like, err);
	return add_path(set, path, like, err);
}

/* ---- lists ---- */

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

static void add_text(struct strbuf *out, const struct words *w, const char *before, const char *behind)
{
	for (size_t i = 0; i < w->n; i++)
		strbuf_addf(out, "%s%s%s", i ? " " : before, w->list[i], i + 1 == w->n ? behind : "");
}

bool crt_line_parse(struct conf_line *l, struct slice text, const char **path, struct tls_bind_cert *out, struct strbuf *behind)
{
	struct words settings = { 0 }, names = { 0 }, all = { 0 };

	*out = (struct tls_bind_cert){ 0 };
	*path = boot_copy(take_word(&text, " \t")).ptr;
	if (text.len && *text.ptr == '[' && !take_settings(&text, &settings))
		return conf_fail(l, "'[' without ']'");
	while (text.len) {
		struct slice name = take_word(&text, " \t");
		add_word(&all, name);
		if (slice_is(name, "*"))
			out->is_default = true;
		else
			add_word(&names, name);
	}
	add_text(behind, &settings, "[", all.n ? "] " : "]");
	add_text(behind, &all, "", "");
	if (settings.n) {
		l->words = end_words(&settings);
		l->count = (int)settings.n;
		if ((out->own = read_settings(l)) == NULL)
			return false;
	}
	out->names = names.n ? (const char **)end_words(&names) : NULL;
	return true;
}

static bool read_line(struct crt_list *list, struct conf_line *l, struct slice text)
{
	struct tls_bind_settings set = { 0 };
	struct tls_bind_cert like;
	struct strbuf joined = STRBUF_EMPTY, err = STRBUF_EMPTY, behind = STRBUF_EMPTY;
	const char *path;
	bool ok = crt_line_parse(l, text, &path, &like, &behind);

	if (ok && !add_path(&set, tls_path(global.crt_base, path, &joined), &like, &err))
		ok = conf_fail(l, "%s", err.ptr);
	for (size_t i = 0; ok && i < set.cert_count; i++)
		crt_list_append(list, &set.certs[i], l->line, behind.ptr);
	strbuf_free(&joined);
	strbuf_free(&behind);
	strbuf_free(&err);
	return ok;
}

static bool read_lines(struct crt_list *list, FILE *f)
{
	char text[65536];
	bool ok = true;

	while (fgets(text, sizeof(text), f)) {
		static char *none[] = { NULL };
		struct conf_line l = { .file = list->path, .line = ++list->last_line, .words = none };
		struct slice rest = slice_trim(slice_make(text, strcspn(text, "\r\n")));
		if (rest.len && *rest.ptr != '#')
			ok = read_line(list, &l, rest) && ok;
	}
	return ok;
}

bool tls_bind_add_list(struct tls_bind_settings *set, struct conf_line *l, const char *path)
{
	struct crt_list *list = crt_list_find(path);
	FILE *f = list ? NULL : fopen(path, "re");
	bool ok = true;

	if (list == NULL && f == NULL)
		return conf_fail(l, "cannot read the list of certificates '%s': %s", path, strerror(errno));
	if (f) {
		ok = read_lines(list = crt_list_make(path, false), f);
		fclose(f);
	}
	use_list(set, list);
	return ok || conf_fail(l, "the list of certificates '%s' has faults", path);
}
