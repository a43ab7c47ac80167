/* SPDX-License-Identifier: Apache-2.0 */
#ifndef USHER_PROXY_MODE_ADVICE_H
#define USHER_PROXY_MODE_ADVICE_H

#include "conf/line.h"
#include "proxy/proxy.h"

/* What of HTTP stands in a proxy that is in tcp mode is taken out of it, with a warning for each. After all files are read,
 * before names are resolved. */
void mode_leave_http_out(struct proxy *px);

/* False after a fault: a proxy in http mode has a service that answers bytes. Then, too. */
bool mode_bears_services(const struct proxy *px);

/* The rules of a proxy in the order they run, whatever order they stand in. */
enum rule_stage { STAGE_TCP_CONNECTION, STAGE_TCP_SESSION, STAGE_TCP_CONTENT, STAGE_MONITOR, STAGE_HTTP_REQUEST, STAGE_REDIRECT,
	STAGE_USE_BACKEND };
/* Warns when rules of a later stage stand before this line. */
void mode_warn_order(const struct conf_line *l, const struct proxy *px, enum rule_stage stage);

/* False after a fault: rules and ACLs may not stand in a defaults section without a name, that serves everybody. */
bool mode_may_stand(struct conf_line *l, const struct proxy *px);

/* False after a fault: a section with these capabilities may not begin from this defaults section, which has rules that
 * would run twice, or on the wrong side. Notes who does. */
bool mode_may_inherit(struct conf_line *l, struct proxy *defaults, unsigned caps);

#endif
