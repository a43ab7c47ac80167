/* SPDX-License-Identifier: Apache-2.0
 *
 * Log lines on their way out: targets (the `log` lines of a configuration), syslog headers in
 * HAProxy's eight shapes, and the sending. A message is composed once per target, laid into a
 * batch of its thread and leaves at the end of the loop turn (core/log_sink.h). What the text
 * says is not known here. Targets are frozen after boot, but for the sampling counter (atomic).
 */
#ifndef USHER_CORE_LOG_H
#define USHER_CORE_LOG_H

#include <sys/types.h>
#include "base/slice.h"
#include "base/strbuf.h"

/* Syslog's severities, most severe first. */
enum log_level {
	LOG_LEVEL_EMERG,
	LOG_LEVEL_ALERT,
	LOG_LEVEL_CRIT,
	LOG_LEVEL_ERR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* How a line begins; the manual's words for `format` in the same order. */
enum log_shape {
	LOG_SHAPE_DEFAULT,  /* not given: local, or rfc3164 once log_hostname is set; in a ring: timed */
	LOG_SHAPE_LOCAL,    /* <PRI>Mmm dd hh:mm:ss tag[pid]: text */
	LOG_SHAPE_RFC3164,  /* <PRI>Mmm dd hh:mm:ss host tag[pid]: text */
	LOG_SHAPE_RFC5424,  /* <PRI>1 iso host tag pid - sd text */
	LOG_SHAPE_PRIORITY, /* <PRI>text */
	LOG_SHAPE_SHORT,    /* <level>text */
	LOG_SHAPE_TIMED,    /* <level>iso text */
	LOG_SHAPE_ISO,      /* iso text */
	LOG_SHAPE_RAW,      /* text */
};

#define LOG_LEN_DEFAULT 1024
#define LOG_LEN_MIN 80
#define LOG_LEN_MAX 65535

struct log_sink;

/* Numbers from low to high of each `size` messages pass. */
struct log_range {
	uint32_t low, high; /* from 1, inclusive */
};

struct log_profile; /* proxy/log_profile.h */

struct log_target {
	struct log_sink *sink;      /* shared with other targets of the same address */
	char *profile_name;         /* owns; NULL: none */
	const struct log_profile *profile; /* borrows; what its lines say, for who composes them; NULL: as for all */
	struct slice tag;           /* the profile's, before any other; empty: none */
	enum log_shape shape;
	uint8_t facility;           /* 0-23 */
	uint8_t max_level;          /* less severe messages are not sent */
	uint8_t min_level;          /* more severe messages are sent as this level */
	uint32_t len;               /* bytes of a line with its header, without the newline */
	struct log_range *ranges;   /* owns; NULL: no sampling */
	uint32_t range_count;
	uint32_t sample_size;
	uint32_t sample_at;         /* atomic: messages seen */
};

/* What is to be sent. */
struct log_message {
	enum log_level level;
	struct slice tag;  /* program name in the header; empty: log_tag */
	struct slice sd;   /* RFC 5424 structured data; empty: "-" */
	struct slice text; /* without a newline; foreign bytes are escaped already */
};

/* Process-wide, set at start-up. */
extern struct log_target **log_global;  /* the global section's targets, NULL-terminated, or NULL */
extern const char *log_tag;             /* borrows; NULL: the name the program was started by */
extern const char *log_hostname;        /* borrows; NULL: lines carry none ("localhost" and "-" where a word must stand) */
/* The process id that lines carry: the caller's own until set, and a child's own after fork(). */
void log_set_pid(pid_t pid);
pid_t log_pid(void);

/* Reads a target from the words behind `log`: <address> [len <n>] [format <f>] [sample <ranges>:<size>] [profile <name>]
 * <facility> [<max level> [<min level>]]. NULL with the reason in err and the offending word's index in *bad (count: the
 * line ended too early). The target lives with the configuration: free it only with log_target_free(). */
struct log_target *log_target_parse(char *const *words, int count, int *bad, struct strbuf *err);
void log_target_free(struct log_target **t);

/* Sends a message to each target of a list (NULL: none), and with `global` to the global ones. Never blocks: what a sink
 * cannot take is dropped and counted. Without a loop on this thread it leaves at once. */
void log_send(struct log_target *const *targets, bool global, const struct log_message *m);
/* The same to one target. */
void log_send_to(struct log_target *t, const struct log_message *m);
/* True when some target would take a message of this level: callers save themselves the composing. */
bool log_wanted(struct log_target *const *targets, bool global, enum log_level level);
/* Opens the sinks of every target read so far; call before chroot and setuid. False with reasons in err. */
bool log_open(struct strbuf *err);
/* Sends what this thread holds. The loop does so each turn, fork() too; call it before the process ends. */
void log_flush_all(void);
/* Messages dropped since the start: `show info`'s DroppedLogs. */
uint64_t log_dropped(void);

/* "info", "local0"; -1 for an unknown word. */
int log_level_from_name(struct slice name);
int log_facility_from_name(struct slice name);

#endif
