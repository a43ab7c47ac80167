/* SPDX-License-Identifier: Apache-2.0
 *
 * The lists, and changing them for everybody or nobody.
 */
#include "proxy/crt_lists.h"

#include <stdlib.h>
#include "base/assert.h"

struct crt_list_list crt_lists = TAILQ_HEAD_INITIALIZER(crt_lists);
static struct crt_entry_list removed_ones = TAILQ_HEAD_INITIALIZER(removed_ones);

struct crt_list *crt_list_find(const char *path)
{
	struct crt_list *l;

	TAILQ_FOREACH(l, &crt_lists, link)
		if (strcmp(l->path, path) == 0)
			return l;
	return NULL;
}

struct crt_list *crt_list_make(const char *path, bool is_directory)
{
	struct crt_list *l = calloc(1, sizeof(*l));

	ASSERT(l != NULL && (l->path = slice_dup(slice_of(path))) != NULL);
	l->is_directory = is_directory;
	TAILQ_INIT(&l->entries);
	TAILQ_INSERT_TAIL(&crt_lists, l, link);
	return l;
}

void crt_list_append(struct crt_list *l, const struct tls_bind_cert *c, int line, const char *text)
{
	struct crt_entry *e = calloc(1, sizeof(*e));

	ASSERT(e != NULL && (e->text = slice_dup(slice_of(text))) != NULL);
	e->cert = *c;
	e->cert.entry = e;
	e->cert.list = l;
	e->line = line;
	TAILQ_INSERT_TAIL(&l->entries, e, link);
}

static bool change(struct crt_list *l, struct crt_entry *added, const struct crt_entry *removed, struct strbuf *err)
{
	struct crt_list_user *u, *failed = NULL;

	LIST_FOREACH(u, &l->users, link)
		if ((u->prepared = u->prepare(u, added, removed, err)) == NULL) {
			failed = u;
			break;
		}
	LIST_FOREACH(u, &l->users, link) {
		if (u == failed)
			break;
		u->settle(u, u->prepared, failed == NULL);
		u->prepared = NULL;
	}
	return failed == NULL;
}

bool crt_list_add(struct crt_list *l, struct crt_entry *e, struct strbuf *err)
{
	e->cert.entry = e;
	e->cert.list = l;
	if (!change(l, e, NULL, err))
		return false;
	e->line = l->is_directory ? 0 : ++l->last_line;
	TAILQ_INSERT_TAIL(&l->entries, e, link);
	return true;
}

bool crt_list_remove(struct crt_list *l, struct crt_entry *e, struct strbuf *err)
{
	if (!change(l, NULL, e, err))
		return false;
	TAILQ_REMOVE(&l->entries, e, link);
	TAILQ_INSERT_TAIL(&removed_ones, e, link);
	return true;
}

void crt_entry_free(struct crt_entry **at)
{
	struct crt_entry *e = *at;

	*at = NULL;
	boot_scope_end(&e->memory);
	free(e->text);
	free(e);
}
