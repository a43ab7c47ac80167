/* SPDX-License-Identifier: Apache-2.0
 *
 * Userlists: who may come in, by what password, and the groups they are in. Their reading is keyword/section_userlist.c,
 * the checking of passwords auth.h. Frozen after boot.
 */
#ifndef USHER_PROXY_USERLIST_H
#define USHER_PROXY_USERLIST_H

#include "base/slice.h"

struct userlist_group {
	struct slice name;         /* boot memory, as all texts here */
	const char *users;         /* names with commas between; NULL: none */
};

struct userlist_user {
	struct slice name;
	const char *password;      /* NULL: nobody comes in by this name */
	bool plain;                /* the password itself, not its hash */
	const char *groups;        /* names with commas between; NULL: none */
	const struct userlist_group **in; /* resolved: its groups, by the order they stand in */
	size_t in_count;
};

struct userlist {
	const char *name;
	const char *file;
	int line;
	struct userlist_user *users;   /* by name once resolved */
	size_t user_count;
	struct userlist_group *groups;
	size_t group_count;
	const char *decoy;         /* a hash that names nobody has are checked against, to take as long; NULL: no hash is here */
	struct userlist *next;
};

/* A new list. Start-up only, as the next three. */
struct userlist *userlist_new(const char *name, const char *file, int line);
/* A new user or group (name copied), or NULL when there is one of this name. The pointer is good until the next. */
struct userlist_user *userlist_add_user(struct userlist *l, const char *name);
struct userlist_group *userlist_add_group(struct userlist *l, const char *name);
/* After all files are read: names in users and groups become pointers. Reports every fault; false when any. */
bool userlists_resolve(void);

/* NULL when there is none. */
struct userlist *userlist_find(struct slice name);
const struct userlist_user *userlist_find_user(const struct userlist *l, struct slice name);
const struct userlist_group *userlist_find_group(const struct userlist *l, struct slice name);

#endif
