/* SPDX-License-Identifier: Apache-2.0
 *
 * Userlists as objects. Users are found by halving; a user may be put into a group from either side.
 */
#include "proxy/userlist.h"

#include <stdlib.h>
#include "conf/diag.h"
#include "core/helper.h"
#include "rule/boot.h"

static struct userlist *lists, **lists_end = &lists; /* in file order: the first of a name is found */

static void forget(void *unused)
{
	(void)unused;
	lists = NULL;
	lists_end = &lists;
}

struct userlist *userlist_new(const char *name, const char *file, int line)
{
	struct userlist *l = boot_alloc(sizeof(*l));

	*l = (struct userlist){ .name = boot_copy(slice_of(name)).ptr, .file = file, .line = line };
	if (lists == NULL)
		boot_defer(forget, NULL);
	*lists_end = l;
	lists_end = &l->next;
	return l;
}

struct userlist *userlist_find(struct slice name)
{
	struct userlist *l = lists;

	while (l && !slice_is(name, l->name))
		l = l->next;
	return l;
}

static struct userlist_user *user_in_file_order(const struct userlist *l, struct slice name)
{
	for (size_t i = 0; i < l->user_count; i++)
		if (slice_eq(l->users[i].name, name))
			return &l->users[i];
	return NULL;
}

struct userlist_user *userlist_add_user(struct userlist *l, const char *name)
{
	if (user_in_file_order(l, slice_of(name)))
		return NULL;
	l->users = boot_grow(l->users, l->user_count, sizeof(*l->users));
	l->users[l->user_count] = (struct userlist_user){ .name = boot_copy(slice_of(name)) };
	return &l->users[l->user_count++];
}

struct userlist_group *userlist_add_group(struct userlist *l, const char *name)
{
	if (userlist_find_group(l, slice_of(name)))
		return NULL;
	l->groups = boot_grow(l->groups, l->group_count, sizeof(*l->groups));
	l->groups[l->group_count] = (struct userlist_group){ .name = boot_copy(slice_of(name)) };
	return &l->groups[l->group_count++];
}

const struct userlist_group *userlist_find_group(const struct userlist *l, struct slice name)
{
	for (size_t i = 0; i < l->group_count; i++)
		if (slice_eq(l->groups[i].name, name))
			return &l->groups[i];
	return NULL;
}

static int by_name(const void *x, const void *y)
{
	struct slice a = ((const struct userlist_user *)x)->name, b = ((const struct userlist_user *)y)->name;
	int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

const struct userlist_user *userlist_find_user(const struct userlist *l, struct slice name)
{
	const struct userlist_user key = { .name = name };

	return l->user_count && name.len ? bsearch(&key, l->users, l->user_count, sizeof(key), by_name) : NULL;
}

/* ---- resolving ---- */

/* The next of names with commas between; empty ones are passed over. False at the end. */
static bool next_name(struct slice *rest, struct slice *name)
{
	while (rest->len) {
		ptrdiff_t comma = slice_find_byte(*rest, ',');
		*name = slice_make(rest->ptr, comma < 0 ? rest->len : (size_t)comma);
		*rest = slice_from(*rest, name->len + 1);
		if (name->len)
			return true;
	}
	return false;
}

static bool has_name(const char *names, struct slice wanted)
{
	struct slice rest = slice_of(names), name;

	while (next_name(&rest, &name))
		if (slice_eq(name, wanted))
			return true;
	return false;
}

static bool check_names(const struct userlist *l)
{
	struct slice rest, name;
	bool ok = true;

	for (size_t i = 0; i < l->user_count; i++) {
		rest = slice_of(l->users[i].groups);
		while (next_name(&rest, &name)) {
			if (userlist_find_group(l, name))
				continue;
			ok = false;
			diag_at(DIAG_ALERT, l->file, l->line, "userlist '%s': no such group '%.*s' specified in user '%.*s'", l->name,
				SLICE_FMT(name), SLICE_FMT(l->users[i].name));
		}
	}
	for (size_t i = 0; i < l->group_count; i++) {
		rest = slice_of(l->groups[i].users);
		while (next_name(&rest, &name)) {
			if (userlist_find_user(l, name))
				continue;
			ok = false;
			diag_at(DIAG_ALERT, l->file, l->line, "userlist '%s': no such user '%.*s' specified in group '%.*s'", l->name,
				SLICE_FMT(name), SLICE_FMT(l->groups[i].name));
		}
	}
	return ok;
}

static void resolve_user(struct userlist *l, struct userlist_user *u)
{
	for (size_t i = 0; i < l->group_count; i++) {
		const struct userlist_group *g = &l->groups[i];

		if (!has_name(u->groups, g->name) && !has_name(g->users, u->name))
			continue;
		u->in = boot_grow(u->in, u->in_count, sizeof(*u->in));
		u->in[u->in_count++] = g;
	}
	if (u->password && !u->plain)
		l->decoy = u->password;
}

bool userlists_resolve(void)
{
	bool ok = true;

	for (struct userlist *l = lists; l; l = l->next) {
		if (l->user_count)
			qsort(l->users, l->user_count, sizeof(*l->users), by_name);
		ok = check_names(l) && ok;
		for (size_t i = 0; i < l->user_count; i++)
			resolve_user(l, &l->users[i]);
		if (l->decoy)
			helpers_want();
	}
	return ok;
}
