/*
 * Executes CNI plugins as a runtime does and says how long each call took and how much memory it had, with as little of
 * its own in the way as can be: the way into the node's namespace is not counted, and a call is a vfork and an exec.
 *
 *   calls < PLAN > MEASUREMENTS        in a directory of its own, where the answers are kept
 *
 * A line of the plan is a call:
 *   METRIC SIDE NODE COMMAND CONTAINER POD CONFIG PLUGIN
 * or says that the next COUNT lines are called all at once and counted as one, from the first start to the last end:
 *   together METRIC SIDE COUNT
 * NODE and POD are the files of network namespaces. CHECK and DEL get the answer to the container's ADD as prevResult.
 * A measurement is: METRIC SIDE MICROSECONDS KILOBYTES (the peak of the resident memory). METRIC "-" is not measured.
 * A call that fails ends the program, with the plugin's answer on standard error.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_TOGETHER = 256, LONGEST = 512, ANSWER_BYTES = 65536 };

struct call {
    char metric[64], side[32], node[LONGEST], command[16], container[128], pod[LONGEST], config[LONGEST], plugin[LONGEST];
    int input, output;
    pid_t pid;
};

static void fail(const char *what, const char *subject)
{
    fprintf(stderr, "calls: %s %s: %s\n", what, subject, strerror(errno));
    exit(1);
}

static long long microseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static void enter(const char *node)
{
    static char entered[LONGEST];
    if (strcmp(entered, node) == 0)
        return;
    int namespace = open(node, O_RDONLY | O_CLOEXEC);
    if (namespace < 0 || setns(namespace, CLONE_NEWNET) < 0)
        fail("enter", node);
    close(namespace);
    strcpy(entered, node);
}

/* The whole of a small file; empty if it is not there. */
static size_t read_all(const char *path, char *buffer)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? 0 : read(file, buffer, ANSWER_BYTES - 1);
    if (file >= 0)
        close(file);
    buffer[length > 0 ? length : 0] = '\0';
    return length > 0 ? (size_t)length : 0;
}

/* Standard input: the configuration, with prevResult put before its last brace if there was an ADD. */
static int make_input(const struct call *call)
{
    static char config[ANSWER_BYTES], answer[ANSWER_BYTES];
    char path[LONGEST];
    int input = memfd_create("stdin", MFD_CLOEXEC);
    if (read_all(call->config, config) == 0)
        fail("read", call->config);
    snprintf(path, sizeof path, "%s.result", call->container);
    char *last = strrchr(config, '}');
    if (strcmp(call->command, "ADD") != 0 && last != NULL && read_all(path, answer) > 0) {
        *last = '\0';
        dprintf(input, "%s, \"prevResult\": %s}\n", config, answer);
    } else
        dprintf(input, "%s", config);
    lseek(input, 0, SEEK_SET);
    return input;
}

static void prepare(struct call *call)
{
    char path[LONGEST];
    call->input = make_input(call);
    snprintf(path, sizeof path, "%s.%s", call->container, strcmp(call->command, "ADD") == 0 ? "result" : "answer");
    call->output = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (call->output < 0)
        fail("create", path);
}

static void start(struct call *call)
{
    char command[64], container[160], pod[LONGEST + 16], *arguments[] = { call->plugin, NULL };
    char *environment[] = { command, container, pod, "CNI_IFNAME=eth0", "CNI_PATH=/usr/lib/cni", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
    posix_spawn_file_actions_t actions;

    snprintf(command, sizeof command, "CNI_COMMAND=%s", call->command);
    snprintf(container, sizeof container, "CNI_CONTAINERID=%s", call->container);
    snprintf(pod, sizeof pod, "CNI_NETNS=%s", call->pod);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, call->input, 0);
    posix_spawn_file_actions_adddup2(&actions, call->output, 1);
    errno = posix_spawn(&call->pid, call->plugin, &actions, NULL, arguments, environment);
    if (errno != 0)
        fail("execute", call->plugin);
    posix_spawn_file_actions_destroy(&actions);
}

static void finish(struct call *call, int status)
{
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        char answer[4096];
        ssize_t length = pread(call->output, answer, sizeof answer, 0);
        fprintf(stderr, "calls: %s %s %s: %.*s\n", call->plugin, call->command, call->container, (int)(length > 0 ? length : 0), answer);
        exit(1);
    }
    close(call->input);
    close(call->output);
}

/* Starts all, waits for all, and writes one measurement. */
static void measure(struct call *calls, int count, const char *metric, const char *side)
{
    long peak = 0;
    for (int i = 0; i < count; i++)
        prepare(&calls[i]);
    enter(calls[0].node);

    long long begin = microseconds();
    for (int i = 0; i < count; i++)
        start(&calls[i]);
    for (int i = 0; i < count; i++) {
        struct rusage usage;
        int status;
        if (wait4(calls[i].pid, &status, 0, &usage) < 0)
            fail("wait for", calls[i].plugin);
        if (usage.ru_maxrss > peak)
            peak = usage.ru_maxrss;
        calls[i].pid = status;
    }
    long long end = microseconds();

    for (int i = 0; i < count; i++)
        finish(&calls[i], calls[i].pid);
    if (strcmp(metric, "-") != 0)
        printf("%s %s %lld %ld\n", metric, side, end - begin, peak);
}

static int read_call(struct call *call, const char *line)
{
    return sscanf(line, "%63s %31s %511s %15s %127s %511s %511s %511s",
        call->metric, call->side, call->node, call->command, call->container, call->pod, call->config, call->plugin) == 8;
}

int main(void)
{
    /* Not on the heap: a child's peak begins with ours, which must stay far below any plugin's. */
    static struct call calls[MOST_TOGETHER];
    char line[4096], metric[64], side[32];
    int count;

    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "together %63s %31s %d", metric, side, &count) == 3 && count > 0 && count <= MOST_TOGETHER) {
            for (int i = 0; i < count; i++)
                if (fgets(line, sizeof line, stdin) == NULL || !read_call(&calls[i], line))
                    fail("understand", line);
            measure(calls, count, metric, side);
        } else if (read_call(&calls[0], line))
            measure(calls, 1, calls[0].metric, calls[0].side);
        else
            fail("understand", line);
    }
    return 0;
}
