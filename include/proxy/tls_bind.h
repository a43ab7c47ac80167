/* SPDX-License-Identifier: Apache-2.0
 *
 * What the words of a bind line about TLS amount to: the certificates it presents, and the contexts made of
 * them. Frozen after boot, but that certificates may be replaced (cert_files.h), and lists changed (crt_lists.h).
 */
#ifndef USHER_PROXY_TLS_BIND_H
#define USHER_PROXY_TLS_BIND_H

#include "conn/tls_front.h"
#include "proxy/cert_files.h"

struct crt_entry;
struct crt_list;
struct proxy;
struct tls_tickets;

/* One certificate of a bind line. */
struct tls_bind_cert {
	struct cert_file *file;          /* borrows */
	const char **names;              /* borrows: what it is for, in a crt-list's notation; NULL: what it says itself */
	const struct tls_settings *own;  /* borrows: what its line of a crt-list says otherwise; NULL: nothing */
	bool is_default;                 /* beside the first */
	struct crt_list *list;           /* borrows: the list it stands in, and its line there; NULL: none */
	const struct crt_entry *entry;
};

/* The words. Texts are borrowed, for ever. */
struct tls_bind_settings {
	struct tls_settings common;
	bool strict_sni;
	const char *ticket_file;         /* `tls-ticket-keys` */
	struct tls_bind_cert *certs;     /* boot memory, in their order */
	size_t cert_count;
	struct crt_list **lists;         /* boot memory: those that certs come from */
	size_t list_count;
};

/* Start-up: makes what a frontend's listeners present. Reports faults; false when any. */
bool tls_bind_resolve(struct proxy *fe);

#endif
