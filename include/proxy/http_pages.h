/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers that usher gives itself, as configurations describe them: `return`, `deny`, `http-error`, error files and
 * http-errors sections. The giving of them is http_reply.h. Frozen after boot.
 */
#ifndef USHER_PROXY_HTTP_PAGES_H
#define USHER_PROXY_HTTP_PAGES_H

#include "rule/format.h"
#include "rule/ruleset.h"
#include "wire/http.h"

/* The statuses whose answer a configuration may set. */
#define HTTP_ERRORS(X) X(200) X(400) X(401) X(403) X(404) X(405) X(407) X(408) X(410) X(413) X(414) X(421) X(422) X(425) \
	X(429) X(431) X(500) X(501) X(502) X(503) X(504) X(505)
enum http_error {
#define X(status) HTTP_ERROR_##status,
	HTTP_ERRORS(X)
#undef X
	HTTP_ERROR_COUNT
};
/* The place of a status in tables; -1: it has none. */
int http_error_of(unsigned status);
unsigned http_error_status(enum http_error e);

/* A whole message read from a file. */
struct http_page {
	struct http_head head; /* its fields live for ever */
	struct slice body;
	bool empty;            /* the file was empty: the connection closes without a word */
};

enum http_reply_kind {
	HTTP_REPLY_STATUS,  /* the status and nothing more */
	HTTP_REPLY_ERROR,   /* the proxy's page for the status */
	HTTP_REPLY_PAGE,    /* a whole message */
	HTTP_REPLY_SECTION, /* the page of an http-errors section, or else the proxy's */
	HTTP_REPLY_TEXT,    /* a body */
	HTTP_REPLY_FORMAT,  /* a body that is composed */
};

struct http_reply_field {
	struct slice name;
	struct format *value;
};

/* One description. */
struct http_reply {
	uint8_t kind;                     /* enum http_reply_kind */
	uint16_t status;
	const struct http_page *page;     /* PAGE; SECTION once resolved */
	const char *section;              /* SECTION */
	const struct http_reply *otherwise; /* SECTION in a proxy's table: what stood there before; may be NULL */
	struct slice content_type, body;
	struct format *format;
	struct http_reply_field *fields;
	size_t field_count;
	const char *file;                 /* where the configuration has it */
	int line;
	struct http_reply *next;          /* SECTIONs, to be resolved */
};

/* The error pages of one proxy or of an http-errors section. NULL entries: the next in line. */
struct http_errors {
	const void *owner;                /* who may change it; others copy it first */
	const struct http_reply *by[HTTP_ERROR_COUNT];
};

/* ---- reading configurations ---- */

/* What introduces the status, and which forms may be used. */
enum http_reply_syntax {
	HTTP_REPLY_OF_RETURN, /* status */
	HTTP_REPLY_OF_DENY,   /* status or deny_status; without anything else: the proxy's page */
	HTTP_REPLY_OF_ERROR,  /* http-error: a status must be there */
};
/* Reads the words up to "if", "unless" or the end. NULL after conf_fail(). */
struct http_reply *http_reply_parse(struct conf_line *l, enum http_reply_syntax syntax, unsigned status, unsigned phase,
	struct proxy *px);
/* Reads and checks a whole message; NULL after conf_fail(). */
const struct http_page *http_page_load(struct conf_line *l, const char *path);
/* Sets an entry of a table that `owner` may have inherited. */
void http_errors_set(struct http_errors **table, const void *owner, enum http_error e, const struct http_reply *r);
/* A new http-errors section, or NULL when the name is taken; and finding one. */
struct http_errors_section {
	const char *name;
	const char *file;
	int line;
	struct http_errors *errors;
	struct http_errors_section *next;
};
struct http_errors_section *http_errors_section_new(const char *name, const char *file, int line);
struct http_errors_section *http_errors_section_find(const char *name);
/* Reads a file into boot memory; false after conf_fail(). */
bool http_file_read(struct conf_line *l, const char *path, struct slice *out);
/* Puts a SECTION description on the list of those to be resolved. */
void http_reply_await_section(struct http_reply *r);
/* After all files are read: names of sections become pages. Reports every fault; false when any. */
bool http_replies_resolve(void);

#endif
