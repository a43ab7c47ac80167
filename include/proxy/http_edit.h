/* SPDX-License-Identifier: Apache-2.0
 *
 * What rules do to a message's head: text from formats made fit for it, fields added and taken out, targets and
 * methods replaced. It keeps what the engine knows of the message in step: framing stays the engine's own, and Host agrees
 * with the target's authority. Bytes live in the stream's arena. One thread.
 */
#ifndef USHER_PROXY_HTTP_EDIT_H
#define USHER_PROXY_HTTP_EDIT_H

#include "proxy/http.h"
#include "rule/format.h"
#include "rule/regex.h"

/* Takes the name of a header from the line; NULL after conf_fail(). */
const char *http_edit_need_name(struct conf_line *l);
/* Takes a name, which becomes r->ptr, and the format of its value, which becomes r->format. */
bool http_edit_need_field(struct conf_line *l, struct rule *r);

/* The head that the rules of this place edit: the answer's where ev->response, else the request's. */
struct http_head *http_edit_head(const struct eval *ev);

/* Where text will stand, which says what must not be in it as it is (it is written %XX then): control bytes; in
 * targets blanks and what is not ASCII as well. */
enum http_text { HTTP_TEXT_FIELD, HTTP_TEXT_TARGET };
#define HTTP_TEXT_MAX 16384
/* Text made fit for its place, in the arena; ptr is NULL when memory is out. */
struct slice http_edit_fit(struct slice text, struct eval *ev, enum http_text where);
/* The format's text; ptr is NULL when it is longer than HTTP_TEXT_MAX or memory is out. */
struct slice http_edit_text(const struct format *f, struct eval *ev, enum http_text where);
/* The same for a format with groups (FORMAT_GROUPS) of a match in subject. */
struct slice http_edit_match_text(const struct format *f, struct eval *ev, enum http_text where, const struct regex_match *m,
	struct slice subject);

/* Adds a field at the end; false when the table is full, or it would be a Host that is none or a second one. */
bool http_edit_add(struct eval *ev, struct slice name, struct slice value);
/* The same in the place of all with this name. False: nothing was changed. */
bool http_edit_set(struct eval *ev, struct slice name, struct slice value);
/* Takes one out, or all with this name; returns how many. */
void http_edit_remove(struct eval *ev, int index);
int http_edit_remove_all(struct eval *ev, struct slice name);
/* Puts another value into a field; false when it is Host and cannot have it. */
bool http_edit_replace(struct eval *ev, int index, struct slice value);
/* Puts another target, or method, into the request; false when it cannot be one. */
bool http_edit_target(struct eval *ev, struct slice target);
/* Puts text in the place of `len` bytes of the target from `at` on. */
bool http_edit_splice_target(struct eval *ev, size_t at, size_t len, struct slice text);
/* Puts another path, path with query, or query into the target; the '?' comes with the first query that is not empty. */
bool http_edit_path(struct eval *ev, struct slice path);
bool http_edit_pathq(struct eval *ev, struct slice pathq);
bool http_edit_query(struct eval *ev, struct slice query);
/* Puts another status and reason (borrowed: a constant or the arena) on the answer; false where bytes follow that are no
 * answer's. */
bool http_edit_status(struct eval *ev, uint16_t status, struct slice reason);
bool http_edit_method(struct eval *ev, struct slice method);

/* A rewrite failed: counts it; in strict mode the rule set ends with VERDICT_FAILED. */
enum action_result http_edit_failed(struct eval *ev, struct rule_cursor *cur);

#endif
