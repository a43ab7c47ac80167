/* SPDX-License-Identifier: Apache-2.0
 *
 * What this program is: its version, the language it speaks, what was built in. Conditions of the
 * configuration, -v and -vv all read it here. Frozen after start-up.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <lua.h>
#include <openssl/crypto.h>
#include <openssl/opensslv.h>
#include <pcre2.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include "options.h"
#include "base/assert.h"
#include "conf/reader.h"
#include "core/registry.h"

#define COMPATIBLE "3.0"

static const char *const features[] = {
	"+ACCEPT4", "+BACKTRACE", "+CPU_AFFINITY", "+CRYPT_H", "+EPOLL", "-EVPORTS", "-GETADDRINFO", "-KQUEUE", "+LINUX_SPLICE",
	"+LINUX_TPROXY", "+LUA", "-NS", "+OPENSSL", "-PCRE", "+PCRE2", "+PCRE2_JIT", "-PCRE_JIT", "-POLL", "+PRCTL", "+PROMEX",
	"-QUIC", "-RT", "-SLZ", "+SYSTEMD", "+TFO", "+THREAD", "+TPROXY", "-ZLIB", NULL,
};

/* What enabled() asks; facts_disable() takes names out. */
static const char *enabled[4];

void facts_open(void)
{
	conf_facts.features = features;
	static const char *const at_first[COUNT_OF(enabled)] = { "EPOLL", "REUSEPORT", "SPLICE", NULL };
	memcpy(enabled, at_first, sizeof(enabled));
	conf_facts.enabled = enabled;
	conf_facts.compatible_version = COMPATIBLE ".0";
}

void facts_disable(const char *name)
{
	for (const char **p = enabled; *p;) {
		if (strcmp(*p, name) != 0) {
			p++;
			continue;
		}
		const char **last = p;
		while (last[1])
			last++;
		*p = *last;
		*last = NULL;
	}
}

void facts_print_version(void)
{
	struct utsname u;
	printf("usher version %s\nCompatible with: HAProxy version %s\n", USHER_VERSION, COMPATIBLE);
	if (uname(&u) == 0)
		printf("Running on: %s %s %s\n", u.sysname, u.release, u.machine);
}

static void print_services(void)
{
	for (struct registry *r = registries_all(); r; r = r->next) {
		if (strcmp(r->kind, "service") != 0)
			continue;
		printf("\nAvailable services :");
		for (size_t i = 0; i < r->n; i++)
			printf(" %s", registry_keyword(r->sorted[i]));
		printf("%s\n", r->n ? "" : " none");
	}
}

void facts_print_build(void)
{
	char pcre[64] = "unknown";
	uint32_t jit = 0;
	facts_print_version();
	printf("Build options :\n  TARGET  = linux-glibc\n  CC      = %s\n  ARCH    = %s\n",
#ifdef __clang__
	       "clang " __clang_version__,
#else
	       "gcc " __VERSION__,
#endif
#if defined(__x86_64__)
	       "x86_64"
#elif defined(__aarch64__)
	       "aarch64"
#else
	       "other"
#endif
	);
	printf("\nFeature list :");
	for (size_t i = 0; features[i]; i++)
		printf(" %s", features[i]);
	printf("\n\nDefault settings :\n  bufsize = 16384\n\nBuilt with multi-threading support.\n");
	pcre2_config(PCRE2_CONFIG_VERSION, pcre);
	pcre2_config(PCRE2_CONFIG_JIT, &jit);
	printf("Built with PCRE2 version : %d.%d\nRunning on PCRE2 version : %s\nPCRE2 library supports JIT : %s\n",
	       PCRE2_MAJOR, PCRE2_MINOR, pcre, jit ? "yes" : "no");
	printf("Built with OpenSSL version : " OPENSSL_VERSION_TEXT "\nRunning on OpenSSL version : %s\n", OpenSSL_version(OPENSSL_VERSION));
	printf("Built with Lua version : " LUA_RELEASE "\n");
	printf("Built with transparent proxy support using: IP_TRANSPARENT IPV6_TRANSPARENT IP_FREEBIND\n");
	printf("\nAvailable polling systems :\n      epoll : test result OK\n");
	print_services();
	printf("\n");
}
