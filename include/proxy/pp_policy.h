/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may, must or must not begin a connection with a PROXY header: `proxy-policy` sections and the
 * built-in policies. Reading headers is pp_receive.h. Frozen after boot, but for `shadow` (atomic).
 */
#ifndef USHER_PROXY_PP_POLICY_H
#define USHER_PROXY_PP_POLICY_H

#include <sys/queue.h>
#include "base/radix.h"
#include "wire/pp.h"

struct listener;

/* What a rule says of the peers it names. */
enum pp_verdict {
	PP_REJECT,   /* closed, whatever it sends */
	PP_REQUIRE,  /* a header or the door */
	PP_OPTIONAL, /* with or without */
	PP_IGNORE,   /* a header is read and thrown away: the peer stays the client */
	PP_RAW,      /* never a header: the bytes are the protocol's */
};
/* "require". */
const char *pp_verdict_name(enum pp_verdict v);

/* One line of a policy. */
struct pp_rule {
	enum pp_verdict verdict;
	uint32_t order;               /* its place among the lines; the first that fits decides */
	char *text;                   /* owns: the prefixes as written */
	int line;
	TAILQ_ENTRY(pp_rule) link;
};

/* Peers by network, with words for all of them and for those without an IP address. */
struct pp_peers {
	struct radix nets;            /* values: struct pp_rule */
	struct pp_rule *of_unix, *of_all;
};

#define PP_DEPTH_MAX 4

struct pp_policy {
	const char *name;
	const char *file;             /* NULL: built in */
	int line;
	TAILQ_HEAD(pp_rules, pp_rule) rules; /* owns, in file order */
	struct pp_peers peers;
	int64_t depth;                /* headers in a row at most, 1 to PP_DEPTH_MAX */
	struct pp_rule *trust_line[PP_DEPTH_MAX + 1]; /* [level] owns; for show */
	struct pp_peers trust[PP_DEPTH_MAX + 1];      /* [level]: which claimed clients may add a header of that level */
	unsigned versions;            /* PP_V1 | PP_V2 */
	uint64_t max_header;          /* bytes */
	uint32_t header_timeout_ms;   /* from a header's first byte */
	bool shadow;                  /* atomic: refuse nothing, count what would be refused */
	bool health_reply;            /* probes are answered here and counted apart */
	STAILQ_ENTRY(pp_policy) link;
};
STAILQ_HEAD(pp_policy_list, pp_policy);
extern struct pp_policy_list pp_policies; /* in file order; the built-in ones are not listed */

#define PP_HEADER_TIMEOUT_MS 5000

/* `accept-proxy` and `expect-proxy layer4`: require all. */
extern struct pp_policy pp_policy_accept_proxy;
/* `proxy-policy optional`: with or without, from everybody. */
extern struct pp_policy pp_policy_optional;

/* An empty policy (which rejects everybody), listed. name and file are borrowed for ever. */
struct pp_policy *pp_policy_new(const char *name, const char *file, int line);
/* A listed or built-in policy that `proxy-policy <name>` may name; NULL when there is none. */
struct pp_policy *pp_policy_find(const char *name);
/* Appends an empty line to the policy. */
struct pp_rule *pp_policy_add_rule(struct pp_policy *p, enum pp_verdict verdict, int line);
/* Adds a prefix ("all", "unix", an address or a network) that stands for the rule; false with the reason in err. */
bool pp_peers_add(struct pp_peers *peers, struct slice text, struct pp_rule *rule, struct strbuf *err);
/* The first line that names this peer, or NULL. */
const struct pp_rule *pp_peers_find(const struct pp_peers *peers, const struct addr *a);
/* What the policy says of a peer; nothing said is PP_REJECT. */
enum pp_verdict pp_policy_verdict(const struct pp_policy *p, const struct addr *peer);
static inline bool pp_policy_shadow(const struct pp_policy *p) { return __atomic_load_n(&p->shadow, __ATOMIC_RELAXED); }
/* The policy connections of a listener go by, accept-proxy's when only a rule expects headers; NULL: none. */
const struct pp_policy *pp_policy_of(const struct listener *l);
/* After all files are read: gives every listener its policy and checks what contradicts. Reports every fault; false when any. */
bool pp_policies_resolve(void);
/* Frees every listed policy (tests). */
void pp_policies_free(void);

#endif
