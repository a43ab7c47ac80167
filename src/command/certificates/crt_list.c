/* SPDX-License-Identifier: Apache-2.0
 *
 * show, add, del ssl crt-list: which certificates bind lines present, by the lists they name. Under the lock of certificates'
 * files. Any thread.
 */
#include <stdlib.h>
#include "base/assert.h"
#include "certificates.h"
#include "conf/diag.h"
#include "conf/line.h"
#include "proxy/cert_files.h"
#include "proxy/tls_bind_files.h"

/* ---- show ---- */

static void add_lists(struct strbuf *out)
{
	const struct crt_list *l;
	size_t n = 0;
	char **names = NULL;

	TAILQ_FOREACH(l, &crt_lists, link) {
		ASSERT((names = realloc(names, (n + 1) * sizeof(*names))) != NULL);
		ASSERT((names[n++] = slice_dup(slice_of(l->path))) != NULL);
	}
	add_sorted(out, "", names, n);
}

static void add_entries(struct strbuf *out, const struct crt_list *l, bool numbers)
{
	const struct crt_entry *e;

	strbuf_addf(out, "# %s\n", l->path);
	TAILQ_FOREACH(e, &l->entries, link) {
		strbuf_add_str(out, e->cert.file->path);
		if (numbers)
			strbuf_addf(out, ":%d", e->line);
		strbuf_addf(out, "%s%s\n", *e->text ? " " : "", e->text);
	}
}

static bool show_start(struct cli *c)
{
	bool numbers = c->arg_count && strcmp(c->args[0], "-n") == 0;
	const char *path = c->arg_count > numbers ? c->args[numbers] : NULL;
	struct strbuf text = STRBUF_EMPTY;

	if (numbers && path == NULL)
		return cli_refuse(c, "'show ssl crt-list -n' expects a filename or a directory");
	cert_files_lock();
	const struct crt_list *l = path ? crt_list_find(path) : NULL;
	if (l)
		add_entries(&text, l, numbers);
	else if (path == NULL)
		add_lists(&text);
	cert_files_unlock();
	if (path && l == NULL)
		return cli_refuse(c, "didn't find the specified filename");
	return answer_start(c, &text);
}

COMMAND(show_ssl_crt_list) = {
	.keyword = "show ssl crt-list", .usage = "show ssl crt-list [[-n] <list>]",
	.text = "list the lists of certificates, or show one, -n: with the numbers of its lines", .level = CLI_OPERATOR,
	.start = show_start, .run = answer_run, .end = answer_end,
};

/* ---- add ---- */

/* The line of a list as an entry; NULL with the reason in err. */
static struct crt_entry *read_entry(struct slice line, const char **path, struct strbuf *err)
{
	static char *none[] = { NULL };
	struct conf_line l = { .file = "CLI", .line = 1, .words = none, .running = true };
	struct crt_entry *e = calloc(1, sizeof(*e));
	struct strbuf behind = STRBUF_EMPTY;

	ASSERT(e != NULL);
	boot_scope_enter(&e->memory);
	diag_capture(err);
	bool ok = crt_line_parse(&l, line, path, &e->cert, &behind);
	diag_capture(NULL);
	boot_scope_leave();
	ASSERT((e->text = slice_dup(strbuf_slice(&behind))) != NULL);
	strbuf_free(&behind);
	if (!ok)
		crt_entry_free(&e);
	return e;
}

static bool lies_in(const char *path, const char *directory)
{
	size_t n = strlen(directory);

	return strncmp(path, directory, n) == 0 && path[n] == '/';
}

/* Under the lock. False with the reason in err. */
static bool add(const char *list_path, struct slice line, struct strbuf *err)
{
	struct crt_list *l = crt_list_find(list_path);
	const char *path = NULL;
	bool ok = false;

	if (l == NULL) {
		strbuf_addf(err, "crt-list '%s' does not exist!", list_path);
		return false;
	}
	struct crt_entry *e = read_entry(line, &path, err);
	if (e == NULL)
		return false;
	struct cert_file *f = e->cert.file = cert_file_find(path);
	if (f == NULL)
		strbuf_addf(err, "certificate '%s' does not exist!", path);
	else if (f->cert == NULL)
		strbuf_addf(err, "certificate '%s' is empty!", path);
	else if (l->is_directory && (*e->text || !lies_in(path, l->path)))
		strbuf_addf(err, "'%s' is a directory, %s '%s' must %s", l->path, *e->text ? "the line of" : "certificate path", path,
			*e->text ? "name nothing else" : "contain the directory path");
	else
		ok = crt_list_add(l, e, err);
	if (!ok)
		crt_entry_free(&e);
	return ok;
}

static void tell_added(struct strbuf *out, const char *list_path, struct slice line)
{
	const struct crt_list_user *u;

	strbuf_addf(out, "Inserting certificate '%.*s' in crt-list '%s'", (int)strcspn(line.ptr, " \t\r\n"), line.ptr, list_path);
	LIST_FOREACH(u, &crt_list_find(list_path)->users, link)
		strbuf_add_byte(out, '.');
	strbuf_add_str(out, "\nSuccess!\n");
}

static bool add_start(struct cli *c)
{
	struct slice line = slice_trim(c->payload.len ? c->payload : slice_of(c->arg_count > 1 ? c->args[1] : ""));
	struct strbuf err = STRBUF_EMPTY;

	while (line.len && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
		line.len--;
	if (line.len == 0 || c->arg_count != (c->payload.len ? 1 : 2))
		return cli_refuse(c, "'add ssl crtlist' expects a filename and a certificate name");
	if (slice_find_byte(line, '\n') >= 0)
		return cli_refuse(c, "Can't edit the crt-list: only one line of payload is supported!");
	if (c->payload.len == 0 && slice_find_byte(line, ' ') >= 0)
		return cli_refuse(c, "Can't edit the crt-list: more than a name has to come as a payload");
	cert_files_lock();
	bool done = add(c->args[0], line, &err);
	if (done)
		tell_added(&c->out, c->args[0], line);
	cert_files_unlock();
	if (!done)
		cli_refuse(c, "Can't edit the crt-list: %s", err.ptr);
	strbuf_free(&err);
	return done;
}

COMMAND(add_ssl_crt_list) = {
	.keyword = "add ssl crt-list", .usage = "add ssl crt-list <list> {<certificate> | <payload>}",
	.text = "present one more certificate where this list is named", .level = CLI_ADMIN, .start = add_start,
};

/* ---- del ---- */

static void add_numbers(struct strbuf *out, const struct crt_list *l, const struct cert_file *f)
{
	const struct crt_entry *e;
	const char *before = "";

	TAILQ_FOREACH(e, &l->entries, link)
		if (e->cert.file == f) {
			strbuf_addf(out, "%s%d", before, e->line);
			before = ", ";
		}
}

/* The entry with this file, in this line when there is a number. NULL with the reason in err. */
static struct crt_entry *find_entry(struct crt_list *l, const struct cert_file *f, uint64_t line, struct strbuf *err)
{
	struct crt_entry *e, *found = NULL;
	size_t n = 0;

	TAILQ_FOREACH(e, &l->entries, link)
		if (e->cert.file == f) {
			n++;
			if (line == 0 || (uint64_t)e->line == line)
				found = e;
		}
	if (n == 0)
		strbuf_addf(err, "certificate '%s' not found in '%s'!", f->path, l->path);
	else if (line && found == NULL)
		strbuf_addf(err, "found a certificate '%s' but the line number is incorrect, please specify a correct line number preceded by "
			"colons (", f->path);
	else if (line == 0 && n > 1)
		strbuf_addf(err, "found the certificate '%s' in several entries, please specify a line number preceded by colons (", f->path);
	else
		return found;
	if (n) {
		add_numbers(err, l, f);
		strbuf_add_str(err, ")!");
	}
	return NULL;
}

/* Under the lock. `word` is cut to the file's name. */
static bool del(const char *list_path, char *word, struct strbuf *err)
{
	struct crt_list *l = crt_list_find(list_path);
	char *colon = cert_file_find(word) ? NULL : strrchr(word, ':');
	uint64_t line = 0;

	if (l == NULL) {
		strbuf_addf(err, "crt-list '%s' does not exist!", list_path);
		return false;
	}
	if (colon && (!slice_to_u64(slice_of(colon + 1), &line) || line == 0)) {
		strbuf_addf(err, "wrong line number after colons in '%s'!", word);
		return false;
	}
	if (colon)
		*colon = '\0';
	const struct cert_file *f = cert_file_find(word);
	if (f == NULL) {
		strbuf_addf(err, "certificate '%s' does not exist!", word);
		return false;
	}
	struct crt_entry *e = find_entry(l, f, line, err);
	return e && crt_list_remove(l, e, err);
}

static bool del_start(struct cli *c)
{
	struct strbuf err = STRBUF_EMPTY;

	if (c->arg_count != 2)
		return cli_refuse(c, "'del ssl crtlist' expects a filename and a certificate name");
	char *word = slice_dup(slice_of(c->args[1]));
	ASSERT(word != NULL);
	cert_files_lock();
	bool done = del(c->args[0], word, &err);
	cert_files_unlock();
	if (done)
		strbuf_addf(&c->out, "Entry '%s' deleted in crtlist '%s'!\n", word, c->args[0]);
	else
		cli_refuse(c, "Can't delete the entry: %s", err.ptr);
	free(word);
	strbuf_free(&err);
	return done;
}

COMMAND(del_ssl_crt_list) = {
	.keyword = "del ssl crt-list", .usage = "del ssl crt-list <list> <certificate>[:<line>]",
	.text = "present a certificate no more where this list is named", .level = CLI_ADMIN, .start = del_start,
};
