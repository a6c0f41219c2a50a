// The Linux calls that Swift's Glibc module does not carry. No `_GNU_SOURCE` here: it would turn socket
// addresses into unions that Swift imports badly, so what glibc hides behind it is declared by hand.
#ifndef TIDEGATE_CLINUX_H
#define TIDEGATE_CLINUX_H

#include <malloc.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/types.h>

// What SO_PEERCRED tells (unix(7)): glibc's struct ucred.
struct peer_credentials {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

extern int accept4(int, struct sockaddr *, socklen_t *, int);
extern int pthread_setname_np(pthread_t, const char *);

#endif
