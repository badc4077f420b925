/*
 * Request and response over one TCP connection: one byte there, one byte back, one at a time, and how long each took.
 *
 *   pingpong serve PORT                  answers one connection until it closes, waiting for it at most 30 seconds
 *   pingpong ping ADDRESS PORT SECONDS   prints: ROUND_TRIPS P50 P99, the times in microseconds
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 4000000, NOT_COUNTED = 200 };

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static long long nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void no_delay(int connection)
{
    int one = 1;
    if (setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0)
        fail("TCP_NODELAY");
}

static void serve(int port)
{
    struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons((unsigned short)port) };
    struct timeval patience = { .tv_sec = 30 };
    int one = 1, listener = socket(AF_INET6, SOCK_STREAM, 0);
    char byte;

    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 1) < 0)
        fail("listen");
    int connection = accept(listener, NULL, NULL);
    if (connection < 0)
        fail("accept");
    no_delay(connection);
    while (recv(connection, &byte, 1, 0) == 1)
        if (send(connection, &byte, 1, MSG_NOSIGNAL) != 1)
            break;
}

static int by_size(const void *left, const void *right)
{
    unsigned a = *(const unsigned *)left, b = *(const unsigned *)right;
    return (a > b) - (a < b);
}

static void ping(const char *host, int port, int seconds)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
    struct timeval patience = { .tv_sec = 5 };
    unsigned *times = malloc(MOST * sizeof *times);
    int count = 0;
    char byte = 0;

    if (times == NULL || inet_pton(AF_INET, host, &address.sin_addr) != 1)
        fail(host);
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(connection, (struct sockaddr *)&address, sizeof address) < 0)
        fail("connect");
    no_delay(connection);

    long long end = 0;
    for (int i = -NOT_COUNTED; count < MOST; i++) {
        long long begin = nanoseconds();
        if (i == 0)
            end = begin + seconds * 1000000000LL;
        if (i > 0 && begin >= end)
            break;
        if (send(connection, &byte, 1, MSG_NOSIGNAL) != 1 || recv(connection, &byte, 1, 0) != 1)
            fail("no answer");
        if (i >= 0)
            times[count++] = (unsigned)(nanoseconds() - begin);
    }
    qsort(times, (size_t)count, sizeof *times, by_size);
    printf("%d %.1f %.1f\n", count, times[count / 2] / 1e3, times[(long long)count * 99 / 100] / 1e3);
    free(times);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        serve(atoi(argv[2]));
    else if (argc == 5 && strcmp(argv[1], "ping") == 0)
        ping(argv[2], atoi(argv[3]), atoi(argv[4]));
    else {
        fprintf(stderr, "usage: pingpong serve PORT | ping ADDRESS PORT SECONDS\n");
        return 2;
    }
    return 0;
}
