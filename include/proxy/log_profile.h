/* SPDX-License-Identifier: Apache-2.0
 *
 * Log profiles: how lines look for one target, by the moment they are written at. A `log` line names its profile; what
 * the profile does not say is the proxy's. Frozen after boot.
 */
#ifndef USHER_PROXY_LOG_PROFILE_H
#define USHER_PROXY_LOG_PROFILE_H

#include "core/log.h"
#include "proxy/proxy.h"

/* When a line is written, and its name in profiles and for %OG. */
#define LOG_ORIGINS(X) \
	X(ACCEPT, "accept") X(REQUEST, "request") X(CONNECT, "connect") X(RESPONSE, "response") X(CLOSE, "close") \
	X(ERROR, "error") X(TCP_REQ_CONN, "tcp-req-conn") X(TCP_REQ_SESS, "tcp-req-sess") X(TCP_REQ_CONT, "tcp-req-cont") \
	X(TCP_RES_CONT, "tcp-res-cont") X(HTTP_REQ, "http-req") X(HTTP_RES, "http-res") X(HTTP_AFTER_RES, "http-after-res")
enum log_origin {
#define X(id, name) LOG_ORIGIN_##id,
	LOG_ORIGINS(X)
#undef X
	LOG_ORIGIN_ANY, /* of profiles: whatever they do not name */
	LOG_ORIGIN_COUNT
};
const char *log_origin_name(enum log_origin o);

/* What is different at one moment. */
struct log_step {
	bool set, drop;
	struct format_text format_text, sd_text;
	struct format *format, *sd; /* compiled; NULL: the proxy's */
};

struct log_profile {
	char *name;                 /* boot memory */
	const char *file;
	int line;
	struct slice tag;           /* empty: the proxy's */
	struct log_step steps[LOG_ORIGIN_COUNT];
	struct log_profile *next;
};

/* Start-up: a new one, found by its name; NULL when there is one already, in *other. */
struct log_profile *log_profile_new(const char *name, const char *file, int line, const struct log_profile **other);
/* The step that a word of `on` names, or NULL. */
struct log_step *log_profile_step(struct log_profile *p, const char *word);
/* The target's line names a profile, which may stand further down. */
void log_profile_want(struct log_target *t, const char *file, int line);
/* After all files are read: compiles the formats and gives the targets their profiles. Reports faults; false when any. */
bool log_profiles_resolve(void);
/* Whether any target has one. */
extern bool log_profiles_used;

/* What a profile says of lines written then; NULL: nothing. */
static inline const struct log_step *log_profile_at(const struct log_profile *p, enum log_origin o)
{
	const struct log_step *step = p->steps[o].set ? &p->steps[o] : &p->steps[LOG_ORIGIN_ANY];

	return step->set ? step : NULL;
}

#endif
