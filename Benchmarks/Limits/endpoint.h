/* Addresses: /absolute/path or @abstract-name. */
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

/* Returns its size. */
socklen_t endpoint_address(const char *address, struct sockaddr_un *result);

/* A non-blocking listener. Its file, if it has one, is removed when the program ends. */
int endpoint_listen(const char *address);

/* A connected non-blocking socket; waits while the listener's queue is full. */
int endpoint_connect(const char *address);

void endpoint_set_nonblocking(int socket, int nonblocking);

/* As many descriptors as this process may have, and at least `needed`. */
unsigned endpoint_raise_limit(unsigned needed);
