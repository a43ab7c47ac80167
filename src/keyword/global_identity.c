/* SPDX-License-Identifier: Apache-2.0
 *
 * Who the process becomes once its sockets are bound: root directory, user, group, capabilities. Names are looked
 * up here, so that an unknown one is a fault of its line. Start-up only.
 */
#include <stdlib.h>
#include <string.h>
#include "base/assert.h"
#include "conf/keyword.h"
#include "core/identity.h"
#include "proxy/global.h"

KEYWORD(global_chroot) = {
	.keyword = "chroot", .usage = "chroot <directory>", .where = IN_GLOBAL, .type = SETTING_STR,
	.offset = offsetof(struct global, chroot), .once = true,
};

static bool identity_name(struct conf_line *l, const char *what, char **name, int64_t *id, int64_t (*find)(const char *))
{
	const char *word = conf_need(l, what);
	if (!word)
		return false;
	int64_t found = find(word);
	if (found < 0)
		return conf_fail(l, "there is no such %s on this system", what + 2);
	free(*name);
	*name = strdup(word);
	ASSERT(*name);
	*id = found;
	return true;
}

static bool user_parse(struct conf_line *l, void *owner)
{
	struct global *g = owner;
	return identity_name(l, "a user", &g->user, &g->uid, identity_find_user);
}

static bool group_parse(struct conf_line *l, void *owner)
{
	struct global *g = owner;
	return identity_name(l, "a group", &g->group, &g->gid, identity_find_group);
}

KEYWORD(global_user) = {
	.keyword = "user", .usage = "user <name>", .where = IN_GLOBAL, .parse = user_parse, .once = true,
};
KEYWORD(global_group) = {
	.keyword = "group", .usage = "group <name>", .where = IN_GLOBAL, .parse = group_parse, .once = true,
};
KEYWORD(global_uid) = {
	.keyword = "uid", .usage = "uid <number>", .where = IN_GLOBAL, .type = SETTING_INT,
	.offset = offsetof(struct global, uid), .min = 0, .max = UINT32_MAX - 1, .once = true,
};
KEYWORD(global_gid) = {
	.keyword = "gid", .usage = "gid <number>", .where = IN_GLOBAL, .type = SETTING_INT,
	.offset = offsetof(struct global, gid), .min = 0, .max = UINT32_MAX - 1, .once = true,
};

static bool keep_capabilities_parse(struct conf_line *l, void *owner)
{
	struct global *g = owner;
	const char *word = conf_need(l, "'none', or names behind commas");
	if (!word)
		return false;
	uint64_t caps = 0;
	if (strcmp(word, "none") != 0) {
		for (const char *p = word, *end; ; p = end + 1) {
			end = p + strcspn(p, ",");
			uint64_t cap = identity_find_cap(slice_make(p, (size_t)(end - p)));
			if (!cap)
				return conf_fail(l, "expected cap_net_bind_service, cap_net_raw, cap_net_admin or 'none'");
			caps |= cap;
			if (!*end)
				break;
		}
	}
	g->caps_given = true;
	g->caps = caps;
	return true;
}

KEYWORD(global_keep_capabilities) = {
	.keyword = "keep-capabilities", .usage = "keep-capabilities <name>[,<name>...] | none", .where = IN_GLOBAL,
	.parse = keep_capabilities_parse, .once = true,
};
KEYWORD(global_set_dumpable) = {
	.keyword = "set-dumpable", .usage = "set-dumpable", .where = IN_GLOBAL, .type = SETTING_FLAG,
	.offset = offsetof(struct global, dumpable),
};
KEYWORD(global_insecure_setuid_wanted) = {
	.keyword = "insecure-setuid-wanted", .usage = "insecure-setuid-wanted", .where = IN_GLOBAL, .type = SETTING_FLAG,
	.offset = offsetof(struct global, setuid_wanted),
};
