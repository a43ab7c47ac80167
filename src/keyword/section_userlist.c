/* SPDX-License-Identifier: Apache-2.0
 *
 * `userlist <name>`: users with their passwords, and groups of them. One thread: start-up only.
 */
#include "conf/keyword.h"
#include "proxy/userlist.h"
#include "rule/boot.h"

static void *begin_userlist(struct conf_line *l)
{
	const char *name = conf_need(l, "a name");

	if (name == NULL || !conf_end(l))
		return NULL;
	const struct userlist *other = userlist_find(slice_of(name));
	if (other)
		conf_warn(l, "ignoring duplicated userlist '%s': the one at %s:%d stands", name, other->file, other->line);
	return userlist_new(name, l->file, l->line);
}
SECTION(userlist) = { .keyword = "userlist", .usage = "userlist <name>", .where = IN_USERLIST, .begin = begin_userlist };

static bool parse_group(struct conf_line *l, void *owner)
{
	struct userlist *list = owner;
	const char *name = conf_need(l, "a group's name");
	struct userlist_group *g = name ? userlist_add_group(list, name) : NULL;
	const char *users = NULL;

	if (name == NULL)
		return false;
	if (g == NULL)
		conf_warn(l, "ignoring duplicated group '%s' in userlist '%s'", name, list->name);
	if (conf_take_if(l, "users") && (users = conf_need(l, "names of users with commas between")) == NULL)
		return false;
	if (g && users)
		g->users = boot_copy(slice_of(users)).ptr;
	return conf_end(l);
}
KEYWORD(userlist_group) = { .keyword = "group", .usage = "group <name> [users <user>[,<user>...]]", .where = IN_USERLIST,
	.parse = parse_group };

static bool parse_user(struct conf_line *l, void *owner)
{
	struct userlist *list = owner;
	const char *name = conf_need(l, "a user's name"), *word;
	struct userlist_user nobody, *u = name ? userlist_add_user(list, name) : NULL;

	if (name == NULL)
		return false;
	if (u == NULL) {
		conf_warn(l, "ignoring duplicated user '%s' in userlist '%s'", name, list->name);
		u = &nobody;
	}
	while ((word = conf_take(l)) != NULL) {
		bool plain = strcmp(word, "insecure-password") == 0, groups = strcmp(word, "groups") == 0;
		if (!plain && !groups && strcmp(word, "password") != 0)
			return conf_fail(l, "expected 'password', 'insecure-password' or 'groups'");
		const char *value = conf_need(l, groups ? "names of groups with commas between" : "a password");
		if (value == NULL)
			return false;
		value = boot_copy(slice_of(value)).ptr;
		if (groups) {
			u->groups = value;
		} else {
			u->password = value;
			u->plain = plain;
		}
	}
	return true;
}
KEYWORD(userlist_user) = { .keyword = "user", .usage = "user <name> [{password | insecure-password} <password>] "
	"[groups <group>[,<group>...]]", .where = IN_USERLIST, .parse = parse_user };
