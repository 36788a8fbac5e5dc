/* A web server to measure clients against: many hosts on one loopback port, pages that cost the server little.
 *
 *   server PORT LATENCY_MS PAGE_BYTES
 *
 * It binds 0.0.0.0:PORT (0: any free one) and prints the port; 127.0.1.1, 127.0.1.2, ... are its hosts. A path
 * below /page/ is an HTML page of about PAGE_BYTES with its own title, text and ETag; anything else is a 404.
 * Each answer goes out LATENCY_MS after its request was read. /.counts tells as JSON what was sent; /.reset sets
 * that to nothing; /.latency/N makes N ms the latency. These three answer at once and are not counted.
 * One thread, one epoll loop, HTTP/1.1 keep-alive, one request at a time on a connection.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { MOST_FILES = 65536, MOST_REQUEST = 16384, MOST_HEAD = 4096, MOST_PAGES = 1 << 22, EVENTS = 1024 };

struct connection {
    char *request;                /* what was read and not yet answered, NUL-terminated */
    int length, request_length;   /* bytes of it; bytes of its first request, 0: none complete */
    int status, is_head, closes;  /* of the answer that waits or is under way */
    int waits;                    /* for its time */
    uint32_t generation;          /* tells the connection from earlier ones of the same descriptor */
    char *head;                   /* status line, headers and the part of the page that is its own */
    size_t head_length, sent, total, text_from, text_length;
};

struct waiting {
    uint64_t due;
    int descriptor;
    uint32_t generation;
};

static struct connection connections[MOST_FILES];
static struct waiting *queue; /* a ring: one latency for all, so first in is first out */
static size_t queue_first, queue_count, queue_room;
static uint64_t *seen; /* pages answered with 200, by hash */
static char *text;     /* twice PAGE_BYTES, so that each page begins elsewhere in it */
static size_t page_bytes;
static uint64_t latency;
static int poll_descriptor;
static struct {
    unsigned long requests, ok, not_modified, not_found, pages, connections, bytes;
} counts;

static const char TAIL[] = "</main></body></html>\n";

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t hash(const char *bytes, size_t length, uint64_t value) {
    for (size_t index = 0; index < length; index++) value = (value ^ (unsigned char)bytes[index]) * 1099511628211u;
    return value;
}

static void write_text(void) {
    static const char *words[] = {"language", "model", "weights", "open", "data",  "trained", "tokens", "paper",
                                  "licence",  "code",  "results", "the",  "of",    "and",     "with",   "for",
                                  "context",  "long",  "small",   "large", "bench", "layers",  "scale",  "research"};
    size_t length = 0, size = 2 * page_bytes + 64;
    uint32_t chance = 1;
    text = malloc(size + 64);
    while (length < size) {
        chance = chance * 1664525u + 1013904223u;
        const char *between = (chance >> 8) % 61 == 0 ? ".</p>\n<p>" : " ";
        length += (size_t)sprintf(text + length, "%s%s", words[(chance >> 16) % 24], between);
    }
}

static const char *header_of(const char *request, const char *name) {
    size_t length = strlen(name);
    for (const char *line = strstr(request, "\r\n"); line && line[2] != '\r'; line = strstr(line + 2, "\r\n"))
        if (!strncasecmp(line + 2, name, length) && line[2 + length] == ':') {
            line += 3 + length;
            while (*line == ' ') line++;
            return line;
        }
    return NULL;
}

static void close_connection(int descriptor) {
    struct connection *it = &connections[descriptor];
    uint32_t generation = it->generation + 1;
    free(it->request);
    free(it->head);
    memset(it, 0, sizeof *it);
    it->generation = generation;
    close(descriptor);
}

static void put(struct connection *it, int status, const char *word, const char *more, const char *body, size_t rest) {
    size_t length = strlen(body);
    it->status = status;
    it->head_length = (size_t)sprintf(
        it->head,
        "HTTP/1.1 %d %s\r\nServer: benchmark\r\nContent-Type: text/html; charset=utf-8\r\n%sContent-Length: %zu\r\n"
        "Connection: %s\r\n\r\n",
        status, word, more, length + rest, it->closes ? "close" : "keep-alive");
    if (status == 304 || it->is_head) rest = 0;
    else it->head_length += (size_t)sprintf(it->head + it->head_length, "%s", body);
    it->text_length = rest;
    it->total = it->head_length + rest;
    it->sent = 0;
}

static void remember_page(uint64_t key) {
    size_t place = key & (MOST_PAGES - 1);
    while (seen[place] && seen[place] != key) place = (place + 1) & (MOST_PAGES - 1);
    if (!seen[place] && counts.pages < MOST_PAGES / 2) {
        seen[place] = key;
        counts.pages++;
    }
}

/* Reads the first request of the buffer and writes its answer; whether that goes out at once. */
static int answer(struct connection *it) {
    char body[MOST_HEAD / 2], more[128], *path, *path_end;
    const char *host = header_of(it->request, "host"), *match, *ends = header_of(it->request, "connection");
    size_t host_length = host ? strcspn(host, "\r") : 0;
    it->is_head = !strncmp(it->request, "HEAD ", 5);
    it->closes = (ends && !strncasecmp(ends, "close", 5)) || !strncmp(it->request, "PRI ", 4);
    path = strchr(it->request, ' ');
    path_end = path ? strpbrk(path + 1, " \r") : NULL;
    if (!path_end) {
        it->closes = 1;
        put(it, 400, "Bad Request", "", "", 0);
        return 1;
    }
    path++;
    size_t path_length = (size_t)(path_end - path);
    if (path_length > 400) path_length = 400;
    if (host_length > 200) host_length = 200;
    if (!strncmp(path, "/.", 2)) {
        if (!strncmp(path, "/.latency/", 10)) latency = strtoull(path + 10, NULL, 10) * 1000000u;
        if (!strncmp(path, "/.reset ", 8)) {
            memset(&counts, 0, sizeof counts);
            memset(seen, 0, MOST_PAGES * sizeof *seen);
        }
        sprintf(body,
                "{\"requests\": %lu, \"ok\": %lu, \"not_modified\": %lu, \"not_found\": %lu, \"pages\": %lu, "
                "\"connections\": %lu, \"bytes\": %lu}\n",
                counts.requests, counts.ok, counts.not_modified, counts.not_found, counts.pages, counts.connections,
                counts.bytes);
        put(it, 200, "OK", "", body, 0);
        return 1;
    }
    counts.requests++;
    if (strncmp(path, "/page/", 6)) {
        counts.not_found++;
        put(it, 404, "Not Found", "", "<!doctype html><title>404 Not Found</title><h1>Not Found</h1>\n", 0);
        return 0;
    }
    uint64_t key = hash(path, path_length, hash(host ? host : "", host_length, 14695981039346656037u)) | 1;
    char tag[32];
    sprintf(tag, "\"%016llx\"", (unsigned long long)key);
    sprintf(more, "ETag: %s\r\nCache-Control: max-age=0\r\n", tag);
    match = header_of(it->request, "if-none-match");
    if (match && strstr(match, tag) && strstr(match, tag) < strstr(match, "\r")) {
        counts.not_modified++;
        put(it, 304, "Not Modified", more, "", 0);
        return 0;
    }
    counts.ok++;
    remember_page(key);
    sprintf(body,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<link rel=\"stylesheet\" href=\"/style/site.css\">\n<link rel=\"icon\" href=\"/favicon.ico\">\n"
            "<script src=\"/script/site.js\" defer></script>\n"
            "<title>Report %.*s of %.*s</title>\n"
            "<meta name=\"description\" content=\"Results, weights and data\">\n"
            "</head>\n<body>\n<nav><a href=\"/\">Home</a> <a href=\"/about\">About</a></nav>\n"
            "<main>\n<h1>Report %.*s</h1>\n<p>",
            (int)path_length - 6, path + 6, (int)host_length, host ? host : "", (int)path_length - 6, path + 6);
    it->text_from = key % page_bytes;
    put(it, 200, "OK", more, body, page_bytes + sizeof TAIL - 1);
    return 0;
}

static void send_answer(int descriptor);

static void read_requests(int descriptor) {
    struct connection *it = &connections[descriptor];
    while (!it->waits && !it->total) {
        char *end = it->length ? strstr(it->request, "\r\n\r\n") : NULL;
        if (!end) {
            if (it->length >= MOST_REQUEST - 1) return close_connection(descriptor);
            ssize_t got = read(descriptor, it->request + it->length, (size_t)(MOST_REQUEST - 1 - it->length));
            if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return close_connection(descriptor);
            if (got < 0) return;
            it->length += (int)got;
            it->request[it->length] = 0;
            continue;
        }
        it->request_length = (int)(end + 4 - it->request);
        int at_once = answer(it);
        if (at_once || !latency) return send_answer(descriptor);
        it->waits = 1;
        if (queue_count == queue_room) abort();
        queue[(queue_first + queue_count++) % queue_room] =
            (struct waiting){now() + latency, descriptor, it->generation};
    }
}

static void send_answer(int descriptor) {
    struct connection *it = &connections[descriptor];
    while (it->sent < it->total) {
        struct iovec parts[3];
        int count = 0;
        size_t skip = it->sent, plain = it->text_length ? it->text_length - (sizeof TAIL - 1) : 0;
        const char *starts[] = {it->head, text + it->text_from, TAIL};
        size_t lengths[] = {it->head_length, plain, it->text_length ? sizeof TAIL - 1 : 0};
        for (int part = 0; part < 3; part++) {
            if (skip < lengths[part])
                parts[count++] = (struct iovec){(void *)(starts[part] + skip), lengths[part] - skip};
            skip -= skip < lengths[part] ? skip : lengths[part];
        }
        ssize_t gone = writev(descriptor, parts, count);
        if (gone < 0 && errno == EAGAIN) return; /* EPOLLOUT calls again */
        if (gone < 0) return close_connection(descriptor);
        it->sent += (size_t)gone;
        counts.bytes += (unsigned long)gone;
    }
    if (it->closes) return close_connection(descriptor);
    it->total = it->sent = 0;
    it->length -= it->request_length;
    memmove(it->request, it->request + it->request_length, (size_t)it->length + 1);
    read_requests(descriptor);
}

static void send_due(void) {
    uint64_t time = now();
    while (queue_count && queue[queue_first].due <= time) {
        struct waiting first = queue[queue_first];
        queue_first = (queue_first + 1) % queue_room;
        queue_count--;
        struct connection *it = &connections[first.descriptor];
        if (it->generation != first.generation || !it->waits) continue;
        it->waits = 0;
        send_answer(first.descriptor);
    }
}

static void accept_all(int listener) {
    for (;;) {
        int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0) return;
        if (descriptor >= MOST_FILES) {
            close(descriptor);
            continue;
        }
        struct connection *it = &connections[descriptor];
        int yes = 1;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        it->request = malloc(MOST_REQUEST);
        it->head = malloc(MOST_HEAD);
        it->request[0] = 0;
        counts.connections++;
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.fd = descriptor};
        epoll_ctl(poll_descriptor, EPOLL_CTL_ADD, descriptor, &event);
    }
}

static int listen_on(int port) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t length = sizeof address;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 4096)) {
        perror("bind");
        exit(1);
    }
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: server PORT LATENCY_MS PAGE_BYTES\n");
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max < MOST_FILES ? files.rlim_max : MOST_FILES;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    latency = strtoull(argv[2], NULL, 10) * 1000000u;
    page_bytes = strtoull(argv[3], NULL, 10);
    if (page_bytes < 1) page_bytes = 1;
    write_text();
    queue_room = MOST_FILES * 4;
    queue = calloc(queue_room, sizeof *queue);
    seen = calloc(MOST_PAGES, sizeof *seen);
    poll_descriptor = epoll_create1(EPOLL_CLOEXEC);
    int listener = listen_on(atoi(argv[1]));
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS];
    epoll_ctl(poll_descriptor, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct timespec wait = {0, 0}, *until = NULL;
        if (queue_count) {
            uint64_t time = now(), due = queue[queue_first].due, left = due > time ? due - time : 0;
            wait = (struct timespec){(time_t)(left / 1000000000u), (long)(left % 1000000000u)};
            until = &wait;
        }
        int count = epoll_pwait2(poll_descriptor, events, EVENTS, until, NULL);
        for (int index = 0; index < count; index++) {
            int descriptor = events[index].data.fd;
            struct connection *it = &connections[descriptor];
            if (descriptor == listener) {
                accept_all(listener);
            } else if (!it->request) {
                continue;
            } else if (events[index].events & (EPOLLERR | EPOLLHUP)) {
                close_connection(descriptor);
            } else if (it->total && !it->waits) {
                send_answer(descriptor);
            } else {
                /* A client that hung up while its answer waits is noticed when that is sent. */
                read_requests(descriptor);
            }
        }
        send_due();
    }
}
