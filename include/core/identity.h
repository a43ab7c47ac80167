/* SPDX-License-Identifier: Apache-2.0
 *
 * Who the process is: its root directory, group, user and capabilities, taken on once after the sockets are
 * bound. There is no way back. One thread: start-up only.
 */
#ifndef USHER_CORE_IDENTITY_H
#define USHER_CORE_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include "base/slice.h"
#include "base/strbuf.h"

struct identity {
	const char *chroot;  /* borrows; NULL: none */
	int64_t uid, gid;    /* -1: unchanged */
	bool setuid_wanted;  /* programs we might start may gain privileges again */
	bool caps_given;     /* somebody said which capabilities stay: then root loses the others too */
	uint64_t caps;       /* those that stay, bit n is capability n; all others go */
};

/* Looks a name up; -1 when there is no such user or group. A user's own group is not implied. */
int64_t identity_find_user(const char *name);
int64_t identity_find_group(const char *name);
/* The bit of a capability that may be kept ("cap_net_raw"); 0 for any other word. */
uint64_t identity_find_cap(struct slice name);
/* Enters the root directory, gives up supplementary groups when the group or user changes, then group, then user, then
 * capabilities. Threads that are started later have none either. A process that stays root and was not told keeps all.
 * False with the reason in err: the caller has to leave, half of it may be done. */
bool identity_take(const struct identity *id, struct strbuf *err);

#endif
