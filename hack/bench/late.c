/*
 * Sends every frame that comes by an interface back by it, a fixed time later and in order: the detour that makes the
 * frames which take it arrive behind others.
 *
 *   late INTERFACE MICROSECONDS        until it is killed; at most 1,024 frames wait, further ones are lost
 *
 * The virtio header goes with each frame, so that a checksum which the sender's kernel left to the hardware stays so.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

enum { WAITING = 1024, FRAME_BYTES = 2048 };

struct frame {
    long long due;
    ssize_t length;
    char bytes[FRAME_BYTES];
};

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

static int open_interface(const char *name)
{
    struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
    int one = 1, packets = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));

    address.sll_ifindex = (int)if_nametoindex(name);
    if (packets < 0 || address.sll_ifindex == 0 || bind(packets, (struct sockaddr *)&address, sizeof address) < 0)
        fail(name);
    if (setsockopt(packets, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof one) < 0 ||
        setsockopt(packets, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one) < 0)
        fail("setsockopt");
    return packets;
}

int main(int argc, char **argv)
{
    static struct frame ring[WAITING];
    unsigned first = 0, behind_last = 0;

    if (argc != 3) {
        fprintf(stderr, "usage: late INTERFACE MICROSECONDS\n");
        return 2;
    }
    int packets = open_interface(argv[1]);
    long long delay = atoll(argv[2]) * 1000;
    /* The timer of a sleep may otherwise be 50 us late. */
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);

    for (;;) {
        struct pollfd ready = { .fd = packets, .events = POLLIN };
        struct timespec patience = { 0 };
        if (first != behind_last) {
            long long left = ring[first % WAITING].due - nanoseconds();
            patience.tv_nsec = left > 0 ? (long)(left % 1000000000LL) : 0;
        }
        if (ppoll(&ready, 1, first != behind_last ? &patience : NULL, NULL) < 0 && errno != EINTR)
            fail("ppoll");
        while (behind_last - first < WAITING) {
            struct frame *frame = &ring[behind_last % WAITING];
            frame->length = recv(packets, frame->bytes, sizeof frame->bytes, MSG_DONTWAIT);
            if (frame->length <= 0)
                break;
            frame->due = nanoseconds() + delay;
            behind_last++;
        }
        while (first != behind_last && ring[first % WAITING].due <= nanoseconds()) {
            struct frame *frame = &ring[first++ % WAITING];
            if (send(packets, frame->bytes, (size_t)frame->length, 0) < 0 && errno != ENOBUFS)
                perror("send");
        }
    }
}
