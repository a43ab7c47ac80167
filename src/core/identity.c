/* SPDX-License-Identifier: Apache-2.0
 *
 * chroot, groups, group, user, capabilities, in the only order that works: each step needs the privileges the
 * next ones give up.
 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/assert.h"
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

uint64_t identity_find_cap(struct slice name)
{
	static const struct {
		struct slice name;
		int cap;
	} known[] = {
		{ { "cap_net_bind_service", 20 }, CAP_NET_BIND_SERVICE },
		{ { "cap_net_raw", 11 }, CAP_NET_RAW },
		{ { "cap_net_admin", 13 }, CAP_NET_ADMIN },
	};

	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (slice_eq(name, known[i].name))
			return UINT64_C(1) << known[i].cap;
	return 0;
}

/* glibc has no function for these two. */
static bool caps_read(struct __user_cap_data_struct d[2])
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capget, &h, d) == 0;
}

static bool caps_write(uint64_t caps)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { { 0 }, { 0 } };

	for (int i = 0; i < 2; i++)
		d[i].permitted = d[i].effective = (uint32_t)(caps >> 32 * i);
	return syscall(SYS_capset, &h, d) == 0;
}

/* Nothing that is executed later can get at the others again. Only who may change capabilities may do this; for the rest
 * no_new_privs has the same effect. */
static void caps_bound(uint64_t caps)
{
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!(caps >> cap & 1))
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
}

static bool caps_may_stay(uint64_t caps, struct strbuf *err)
{
	struct __user_cap_data_struct d[2];

	if (caps_read(d) && (caps & ~(d[0].permitted | (uint64_t)d[1].permitted << 32)) == 0)
		return true;
	strbuf_addf(err, "cannot keep a capability that the process was not started with");
	return false;
}

static bool identity_become(const struct identity *id, struct strbuf *err)
{
	bool drops = id->caps_given || geteuid() != 0 || id->uid > 0;

	if (!caps_may_stay(id->caps, err))
		return false;
	if (drops && !id->setuid_wanted)
		caps_bound(id->caps);
	if (id->caps)
		prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	if (id->uid >= 0 && setuid((uid_t)id->uid) != 0)
		return identity_fail(err, "cannot change the user", "");
	if (!drops)
		return true;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (!caps_write(id->caps))
		return identity_fail(err, "cannot give up capabilities", "");
	prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
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
	if (!identity_become(id, err))
		return false;
	if (!id->setuid_wanted)
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return true;
}
