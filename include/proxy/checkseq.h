/* SPDX-License-Identifier: Apache-2.0
 *
 * What a health check says and hears: a list of steps (open a connection, send bytes, expect
 * some, set a variable, run a program) that one runner takes one after the other. The kinds of checks
 * (src/check/) are such lists; what is special in one stands behind the two pointers of its steps.
 * A list is frozen after boot; a run belongs to one round of one check, on its thread.
 */
#ifndef USHER_PROXY_CHECKSEQ_H
#define USHER_PROXY_CHECKSEQ_H

#include "base/strbuf.h"
#include "conf/line.h"
#include "conn/endpoint.h"
#include "proxy/check_status.h"
#include "rule/ruleset.h"

struct check;
struct checkseq_step;

enum checkseq_kind { CHECKSEQ_COMMENT, CHECKSEQ_CONNECT, CHECKSEQ_SEND, CHECKSEQ_EXPECT, CHECKSEQ_ACTION,
	CHECKSEQ_RUN /* a program says how the server is; alone in its list */ };

/* Where a step opens its connection; what is not given is as the server line says. */
struct checkseq_connect {
	bool given;            /* anything at all: the server's PROXY header is then left out unless `use_server` */
	bool use_server;       /* `default`: the server line's options, where the step has none */
	bool send_proxy;
	bool tls;
	const char *sni, *alpn; /* own for ever; NULL: none given */
	bool linger;           /* closed with FIN, never with RST */
	bool has_addr;
	struct endpoint addr;
	uint16_t port;         /* 0: none given */
	struct expr *port_expr; /* or computed: NULL: no */
};

/* What a look at the bytes that came says. */
enum checkseq_look {
	CHECKSEQ_MATCH,
	CHECKSEQ_MISMATCH, /* r->status may be set to what this is called, r->code and r->info too */
	CHECKSEQ_MORE,     /* undecided; never when `last` */
	CHECKSEQ_ENOUGH,   /* good, and called r->status, whatever `!` and ok-status say */
	CHECKSEQ_BROKEN,   /* these bytes can be no answer at all: r as for MISMATCH, whatever `!` says */
};

struct checkseq_expect {
	bool inverse;          /* `!`: MATCH and MISMATCH change places */
	int64_t min_recv;      /* -1: none; 0: the first look decides */
	enum check_status ok, error, timeout; /* CHECK_STATUS_UNKNOWN: the usual ones */
	struct format *on_success, *on_error; /* NULL: the usual words */
	struct expr *status_code;
	bool tells;            /* what its look says is what a success of the whole says */
	/* Looks at everything received since something was last sent. r is zeroed; what it says counts in both cases. */
	enum checkseq_look (*look)(const struct checkseq_step *step, struct check *c, struct slice got, bool last,
		struct check_report *r);
};

struct checkseq_step {
	enum checkseq_kind kind;
	unsigned number;       /* its place in a numbered list, from 1; else 0 */
	const char *comment;   /* borrows, for ever; NULL: none */
	const char *words;     /* what messages call it, "expect string '+OK'"; boot memory; NULL: nothing is said */
	struct checkseq_connect connect;
	bool keeps_input;      /* SEND: what was heard before stays to be looked at */
	/* SEND: the bytes; false: they cannot be made, the reason appended to out. */
	bool (*compose)(const struct checkseq_step *step, struct check *c, struct strbuf *out);
	struct checkseq_expect expect;
	struct ruleset rules;  /* ACTION */
	void *arg;             /* the kind's own; owned for ever. RUN: struct check_program */
};

struct checkseq {
	struct checkseq_step **steps; /* boot memory */
	size_t n;
	const char *passed;    /* what a success says; NULL: nothing */
	bool numbered;         /* tcp-check rules: messages count the steps and quote comments */
};

/* The list of no steps: a connection that stands is enough. */
extern const struct checkseq checkseq_layer4;

/* ---- start-up ---- */

struct checkseq *checkseq_new(void);
/* A step at the end; the caller fills it. */
struct checkseq_step *checkseq_add(struct checkseq *seq, enum checkseq_kind kind);
/* The same with what every step of built-in talks has. */
struct checkseq_step *checkseq_add_send(struct checkseq *seq,
	bool (*compose)(const struct checkseq_step *, struct check *, struct strbuf *), void *arg);
struct checkseq_step *checkseq_add_expect(struct checkseq *seq, enum checkseq_look (*look)(const struct checkseq_step *,
	struct check *, struct slice, bool, struct check_report *), void *arg);
/* What `option ...-check` does: servers of this proxy (struct proxy, the line's owner) are checked so. */
void checkseq_use(void *proxy, struct checkseq *seq);
/* Sends arg, a struct slice. */
bool checkseq_compose_bytes(const struct checkseq_step *step, struct check *c, struct strbuf *out);
/* The step that opens the first connection; NULL: nobody wrote one. */
const struct checkseq_step *checkseq_first_connect(const struct checkseq *seq);
/* Whether one of its connects speaks TLS whatever the server line says. */
bool checkseq_speaks_tls(const struct checkseq *seq);
/* The last step that is a connect, a send or an expect; NULL: there is none. */
const struct checkseq_step *checkseq_last_act(const struct checkseq *seq);

/* tcp-check and http-check rules. */
enum checkseq_rules { CHECKSEQ_TCP, CHECKSEQ_HTTP };
/* The list of the proxy the line stands in. Its first rule begins it: it has none of its defaults section's then. */
struct checkseq *checkseq_own_rules(const struct conf_line *l, struct proxy *px, enum checkseq_rules which);
/* The option that looks at such rules: the servers of this proxy are asked what `talk` makes of them. */
void checkseq_use_rules(struct proxy *px, enum checkseq_rules which, const struct checkseq *(*talk)(struct proxy *be));
/* After the files are read: warns, as HAProxy does, of rules and programs that no option looks at. */
void checkseq_advise(const struct proxy *px);
/* The rules that both have: `connect`, `comment` and those that set variables. Each takes its words from the line;
 * false after conf_fail(). */
bool checkseq_take_connect(struct conf_line *l, struct checkseq *rules, struct proxy *px);
bool checkseq_take_comment(struct conf_line *l, struct checkseq *rules);
bool checkseq_take_action(struct conf_line *l, struct checkseq *rules, struct proxy *px);
/* The options that every expect has, before and behind the pattern; the comment of any other rule. */
bool checkseq_parse_expect_options(struct conf_line *l, struct checkseq_step *step, struct proxy *px);
bool checkseq_parse_comment(struct conf_line *l, struct checkseq_step *step);

/* What an expect looks for in bytes. */
struct checkseq_pattern {
	bool hex;              /* the bytes are looked at as hexadecimal digits (rbinary), or the format is such (binary-lf) */
	struct slice bytes;    /* owned for ever */
	struct regex *regex;   /* or NULL */
	struct format *format; /* or NULL */
};
/* `string <text>` and its like, the cursor on the first word: NULL after conf_fail(). `allowed` is a list of the words
 * that may stand there, NULL-terminated. *words gets what messages call it ("string '+OK'", "regex"). */
struct checkseq_pattern *checkseq_parse_pattern(struct conf_line *l, const char *const *allowed, struct proxy *px,
	const char **words);
bool checkseq_pattern_found(const struct checkseq_pattern *p, struct check *c, struct slice in);
/* Appends the bytes; false when they are no even number of hexadecimal digits. */
bool checkseq_from_hex(struct slice digits, struct strbuf *out);
/* Hexadecimal digits to bytes, owned for ever; false after conf_fail(). */
bool checkseq_parse_hex(struct conf_line *l, const char *digits, struct slice *out);

/* ---- a round, on the check's thread ---- */

#define CHECKSEQ_RUN_MAGIC 0x63736571u
struct checkseq_run {
	uint32_t magic;
	size_t at;             /* the step at hand */
	bool begun;            /* its bytes were composed */
	bool ended;            /* the server has said its end */
	bool said;             /* a step sent something on this connection */
	bool heard;            /* bytes came since something was last sent */
	struct strbuf out;     /* owns: what is still to be sent, from out_at on */
	size_t out_at;
	struct buf *in;        /* owns: what came since something was last sent */
	struct arena arena;    /* values of this round */
	struct check_answer *answer; /* in the arena: what came read as HTTP (check_answer.h), once somebody asked; NULL: not yet */
	uint8_t method;        /* enum http_method of the request that is being answered; 0: none known */
	struct var_store *vars_check, *vars_sess; /* owns */
	struct check_report last; /* what the last expect said */
	bool has_last, told;   /* there is one; it is what the whole will say (expect.tells) */
};

enum checkseq_result {
	CHECKSEQ_WAIT, /* for an event of the connection, or the deadline */
	CHECKSEQ_DIAL, /* a connection is wanted as run->at says; when it stands go on with checkseq_connected() */
	CHECKSEQ_START, /* the program of the step at run->at is wanted: its end is the verdict */
	CHECKSEQ_DONE, /* *r is the verdict: status, code, info */
};

/* NULL when memory is out. */
struct checkseq_run *checkseq_begin(void);
void checkseq_end(struct checkseq_run **run);
/* Goes on as far as it gets. c->run is the run. */
enum checkseq_result checkseq_go_on(struct check *c, struct check_report *r);
/* The connection that DIAL asked for stands: the step is done. */
void checkseq_connected(struct check *c);
/* What the deadline passing now, or a failure of the connection called `status`, means to the step at hand. */
void checkseq_failed(const struct check *c, enum check_status status, const char *why, struct check_report *r);
void checkseq_timed_out(const struct check *c, struct check_report *r);
/* Foreign bytes as r->info: the first line, cut to what fits. */
void checkseq_tell(struct check_report *r, struct slice text);
/* The expressions of this round. */
struct eval checkseq_eval(struct check *c);

#endif
