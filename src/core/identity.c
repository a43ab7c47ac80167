/* SPDX-License-Identifier: Apache-2.0
 *
 * chroot, groups, group, user, in the only order that works: each step needs the privileges the
 * next ones give up.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "core/identity.h"

int64_t identity_find_user(const char *name)
{
	const struct passwd *p = getpwnam(name);
	return p ? (int64_t)p->pw_uid : -1;
}

int64_t identity_find_group(const char *name)
{
	const struct group *g = getgrnam(name);
	return g ? (int64_t)g->gr_gid : -1;
}

static bool identity_fail(struct strbuf *err, const char *what, const char *about)
{
	strbuf_addf(err, "%s%s: %s", what, about, strerror(errno));
	return false;
}

static bool identity_enter(const char *dir, struct strbuf *err)
{
	if (!dir)
		return true;
	if (chroot(dir) != 0 || chdir("/") != 0)
		return identity_fail(err, "cannot change the root directory to ", dir);
	return true;
}

bool identity_take(const struct identity *id, struct strbuf *err)
{
	if (!identity_enter(id->chroot, err))
		return false;
	bool changes = (id->uid >= 0 && (uid_t)id->uid != geteuid()) || (id->gid >= 0 && (gid_t)id->gid != getegid());
	if (changes && geteuid() == 0 && getgroups(0, NULL) > 0 && setgroups(0, NULL) != 0)
		return identity_fail(err, "cannot give up supplementary groups", "");
	if (id->gid >= 0 && setgid((gid_t)id->gid) != 0)
		return identity_fail(err, "cannot change the group", "");
	if (id->uid >= 0 && setuid((uid_t)id->uid) != 0)
		return identity_fail(err, "cannot change the user", "");
	if (!id->setuid_wanted)
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return true;
}
