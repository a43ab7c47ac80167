/* SPDX-License-Identifier: Apache-2.0
 *
 * The PROXY protocol, versions 1 and 2: bytes <-> struct. It is pure: no socket, no clock, no
 * allocation, no trust. Who may send a header, how long to wait for it and what follows from
 * it is decided above. Slices in the results borrow from the bytes that were parsed.
 * No state: any thread.
 */
#ifndef USHER_WIRE_PP_H
#define USHER_WIRE_PP_H

#include <sys/types.h>
#include "base/addr.h"
#include "base/slice.h"

enum {
	PP_V1 = 1, /* bits of pp_limits.versions */
	PP_V2 = 2,
	PP_V1_MAX = 107,           /* the longest v1 line, CRLF included */
	PP_V2_FIXED = 16,          /* signature, version and command, family, length */
	PP_MAX = PP_V2_FIXED + 65535,
	PP_MAX_DEFAULT = 4096,
	PP_UNIQUE_ID_MAX = 128,
	PP_TLV_HEAD = 3,
};

/* Every way a header can be wrong: enum, counter name, text for people. */
#define PP_REASONS(X)                                                                              \
	X(OK, "ok", "not wrong, or not complete yet")                                              \
	X(SIGNATURE, "bad-signature", "the bytes begin neither a v1 nor a v2 header")              \
	X(VERSION_REFUSED, "version-refused", "a header of a version that is not allowed here")    \
	X(TOO_LONG, "too-long", "the header is longer than allowed here")                          \
	X(V1_LINE_LONG, "v1-line-too-long", "no CRLF within the longest possible line")            \
	X(V1_LINE_END, "v1-line-end", "the line ends in a lone CR or LF")                          \
	X(V1_FAMILY, "v1-family", "the family is not TCP4, TCP6 or UNKNOWN")                       \
	X(V1_FIELDS, "v1-fields", "the line has a field too many or too few")                      \
	X(V1_SPACE, "v1-space", "more than one space between two fields")                          \
	X(V1_ADDRESS, "v1-address", "an address is malformed or not of the line's family")         \
	X(V1_PORT, "v1-port", "a port is not a decimal number from 0 to 65535")                    \
	X(V2_VERSION, "v2-version", "a v2 signature with a version other than 2")                  \
	X(V2_COMMAND, "v2-command", "the command is neither LOCAL nor PROXY")                      \
	X(V2_FAMILY, "v2-family", "an unassigned address family")                                  \
	X(V2_TRANSPORT, "v2-transport", "an unassigned transport protocol")                        \
	X(V2_ADDRESS_SHORT, "address-short", "the length does not cover the addresses")            \
	X(TLV_OVERRUN, "tlv-overrun", "a TLV reaches past the end of the header")                  \
	X(TLV_LEFTOVER, "tlv-leftover", "bytes behind the last TLV are too few for another")       \
	X(CRC_LENGTH, "crc-length", "the CRC32C TLV is not four bytes long")                       \
	X(CRC_TWICE, "crc-twice", "a second CRC32C TLV")                                           \
	X(CRC, "crc", "the CRC32C does not match")                                                 \
	X(UNIQUE_ID, "unique-id-too-long", "the unique id is longer than 128 bytes")               \
	X(SSL, "ssl-tlv", "the SSL TLV is too short or its parts reach past its end")

enum pp_reason {
#define X(id, name, text) PP_##id,
	PP_REASONS(X)
#undef X
	PP_REASON_COUNT
};

/* "tlv-overrun": for counters and labels. */
const char *pp_reason_name(enum pp_reason r);
/* "a TLV reaches past the end of the header". */
const char *pp_reason_text(enum pp_reason r);

enum pp_command { PP_LOCAL, PP_PROXY };
enum pp_family { PP_UNSPEC, PP_INET, PP_INET6, PP_UNIX };
enum pp_transport { PP_TRANSPORT_UNSPEC, PP_STREAM, PP_DGRAM };

struct pp_limits {
	unsigned versions; /* PP_V1 | PP_V2 */
	size_t max_len;    /* of a whole header, in bytes */
};
#define PP_LIMITS_DEFAULT ((struct pp_limits){ PP_V1 | PP_V2, PP_MAX_DEFAULT })

struct pp_header {
	size_t len;                /* bytes of the whole header; 0 while it is unknown or wrong */
	uint8_t version;           /* 1 or 2; 0 when not known */
	enum pp_command command;   /* v1 is always PROXY */
	enum pp_family family;     /* as written; v1 UNKNOWN is PP_UNSPEC */
	enum pp_transport transport;
	bool has_addr;             /* src and dst take the place of the connection's addresses */
	bool claimed;              /* src and dst hold what the header says, be it in force or only for a report */
	struct addr src, dst;      /* IPv4-mapped ones are unmapped, so their families may differ */
	struct slice tlvs;         /* every TLV in its order, bounds proved; empty for v1 and LOCAL */
	enum pp_reason reason;     /* PP_OK unless pp_parse returned < 0 */
	size_t offset;             /* of the byte or field that is wrong */
};

/* Reads one header from the start of len bytes. Returns its length when it is whole and right, 0 when
 * more bytes are needed (each one so far may begin a header), -1 when no further byte can make it right:
 * out->reason and out->offset then say why, the same at whatever point the bytes were cut. After -1
 * has_addr is false; `claimed` still reports addresses that stood before the fault.
 *
 * LOCAL: everything behind the fixed 16 bytes is skipped unread, family and block included. PROXY with a
 * family that cannot be used on a TCP connection (UNSPEC, UNIX, DGRAM) and v1 UNKNOWN: has_addr is false and the
 * connection keeps its real addresses; TLVs are read behind the family's block. UNSPEC has no block, but a
 * sender may put addresses there which we must ignore: what is no whole row of TLVs is then skipped. */
ssize_t pp_parse(const void *bytes, size_t len, const struct pp_limits *limits, struct pp_header *out);

/* TLV types: enum, number, name as fc_pp_tlv() takes it. */
#define PP_TYPES(X)                                                                                \
	X(ALPN, 0x01)                                                                              \
	X(AUTHORITY, 0x02)                                                                         \
	X(CRC32C, 0x03)                                                                            \
	X(NOOP, 0x04)                                                                              \
	X(UNIQUE_ID, 0x05)                                                                         \
	X(SSL, 0x20)                                                                               \
	X(SSL_VERSION, 0x21)                                                                       \
	X(SSL_CN, 0x22)                                                                            \
	X(SSL_CIPHER, 0x23)                                                                        \
	X(SSL_SIG_ALG, 0x24)                                                                       \
	X(SSL_KEY_ALG, 0x25)                                                                       \
	X(NETNS, 0x30)                                                                             \
	X(GCP, 0xe0)                                                                               \
	X(AWS, 0xea)                                                                               \
	X(AZURE, 0xee)

enum pp_type {
#define X(name, number) PP_TYPE_##name = number,
	PP_TYPES(X)
#undef X
};

/* "AUTHORITY" for 0x02; NULL for a type without a name. */
const char *pp_type_name(uint8_t type);
/* A name (any case), a decimal number or 0x and hex digits: 0 to 255, or -1. */
int pp_type_parse(struct slice s);

struct pp_tlv {
	uint8_t type;
	struct slice value;
};

/* Cuts the first TLV off `rest`; false at the end or when what is left is no TLV. */
bool pp_tlv_next(struct slice *rest, struct pp_tlv *out);
/* The value of the nth TLV (from 0) of a type; false when there is none. */
bool pp_tlv_find(struct slice tlvs, uint8_t type, unsigned nth, struct slice *value);

enum { PP_CLIENT_SSL = 1, PP_CLIENT_CERT_CONN = 2, PP_CLIENT_CERT_SESS = 4 };

struct pp_ssl {
	uint8_t client;    /* PP_CLIENT_ bits */
	uint32_t verify;   /* says nothing unless a certificate came; see pp_ssl_verified */
	struct slice subs; /* sub-TLVs, SSL_VERSION to SSL_KEY_ALG: pp_tlv_find reads them */
};

/* Reads the value of an SSL TLV; false when it is too short or a sub-TLV leaves it. */
bool pp_ssl_decode(struct slice value, struct pp_ssl *out);
/* True when the client showed a certificate (now or earlier in its session) and it was found good. */
bool pp_ssl_verified(const struct pp_ssl *ssl);

/* What the clouds say in their custom types; false when the value has another form. */
bool pp_aws_vpce(struct slice value, struct slice *endpoint_id); /* ASCII as sent, not escaped */
bool pp_azure_linkid(struct slice value, uint32_t *link_id);
bool pp_gcp_psc(struct slice value, uint64_t *connection_id);

/* Writes a v1 line without a NUL and returns its length, 0 when it does not fit in cap (PP_V1_MAX always
 * does). Addresses that are missing (NULL) or not IP give "PROXY UNKNOWN". When one of them is IPv6, both are
 * written so, the IPv4 one mapped. */
size_t pp_build_v1(void *buf, size_t cap, const struct addr *src, const struct addr *dst);

/* A v2 header under construction in the caller's memory. Errors stick: only pp_build_end need be looked at. */
struct pp_build {
	uint8_t *buf;  /* borrows */
	size_t cap, len;
	size_t crc_at; /* offset of the CRC32C value, 0 for none */
	bool failed;
};

/* Begins a header for a stream connection. Addresses as for pp_build_v1; where v1 has UNKNOWN, v2 becomes LOCAL,
 * which every receiver accepts. With PP_LOCAL the addresses are not looked at and may be NULL. */
void pp_build_begin(struct pp_build *b, void *buf, size_t cap, enum pp_command command, const struct addr *src,
	const struct addr *dst);
/* Adds a TLV. A CRC32C is left out: only pp_build_crc32c can make one that is right. */
void pp_build_tlv(struct pp_build *b, uint8_t type, struct slice value);
/* Adds an SSL TLV with n sub-TLVs. */
void pp_build_ssl(struct pp_build *b, uint8_t client, uint32_t verify, const struct pp_tlv *subs, size_t n);
/* Adds the CRC32C TLV at this place, once; pp_build_end computes it over the whole header. */
void pp_build_crc32c(struct pp_build *b);
/* Completes the header and returns its length; 0 when it did not fit in cap or in 16 bits. */
size_t pp_build_end(struct pp_build *b);

#endif
