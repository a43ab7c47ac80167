/* SPDX-License-Identifier: Apache-2.0
 *
 * One datagram per message to the socket named by NOTIFY_SOCKET; "@" begins an abstract name.
 */
#include "notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

void notify_send(const char *lines)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	if (!name || !*name || strlen(name) >= sizeof(un.sun_path))
		return;
	memcpy(un.sun_path, name, strlen(name));
	if (name[0] == '@')
		un.sun_path[0] = 0;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	ssize_t sent = sendto(fd, lines, strlen(lines), MSG_NOSIGNAL, (struct sockaddr *)&un,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name)));
	(void)sent; /* nobody to tell */
	close(fd);
}

void notify_reloading(void)
{
	struct timespec t;
	char text[128];

	clock_gettime(CLOCK_MONOTONIC, &t);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=Reloading Configuration.\n",
		(long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
	notify_send(text);
}

unsigned notify_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	unsigned long long ms = usec ? strtoull(usec, NULL, 10) / 1000 : 0;

	/* Workers inherit what is meant for the master. */
	if (pid && strtoll(pid, NULL, 10) != (long long)getpid())
		return 0;
	return ms > 86400000 ? 86400000 : (unsigned)ms;
}
