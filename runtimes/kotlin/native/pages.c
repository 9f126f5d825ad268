/*
 * Source: Linux, man pages syscall(2) and mmap(2); numbers of the calls: the kernel's unistd.h of
 * each processor.
 */
#include "pages.h"

#include <stdint.h>

enum {
    READ_WRITE = 0x1 | 0x2,         /* PROT_READ, PROT_WRITE */
    PRIVATE_ANONYMOUS = 0x2 | 0x20, /* MAP_PRIVATE, MAP_ANONYMOUS */
    HEADER = 64                     /* in front of what is given away: how much there is to give back */
};

#if defined(__x86_64__)
enum { MAP = 9, UNMAP = 11 };

static long call(long number, long a, long b, long c, long d, long e, long f) {
    long result;
    register long fourth __asm__("r10") = d;
    register long fifth __asm__("r8") = e;
    register long sixth __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
enum { MAP = 222, UNMAP = 215 };

static long call(long number, long a, long b, long c, long d, long e, long f) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}
#elif defined(__arm__)
/* mmap2: the offset, 0 here, is in units of 4096 bytes. */
enum { MAP = 192, UNMAP = 91 };

/* Thumb code may use r7 as the frame pointer, so it is saved by hand. */
static long call(long number, long a, long b, long c, long d, long e, long f) {
    register long r0 __asm__("r0") = a;
    register long r1 __asm__("r1") = b;
    register long r2 __asm__("r2") = c;
    register long r3 __asm__("r3") = d;
    register long r4 __asm__("r4") = e;
    register long r5 __asm__("r5") = f;
    register long r6 __asm__("r6") = number;
    __asm__ volatile("mov ip, r7\n\tmov r7, r6\n\tsvc 0\n\tmov r7, ip"
                     : "+r"(r0)
                     : "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(r6)
                     : "ip", "memory");
    return r0;
}
#else
#error "the calls of Linux for this processor are not known"
#endif

void *take_pages(void *context, size_t size) {
    (void)context;
    if (size > SIZE_MAX / 2) {
        return NULL;
    }
    const size_t taken = size + HEADER;
    const long at = call(MAP, 0, (long)taken, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0);
    /* Errors are the last 4095 numbers; a phone of 32 bits has addresses that are negative too. */
    if ((unsigned long)at > (unsigned long)-4096) {
        return NULL;
    }
    *(size_t *)at = taken;
    return (unsigned char *)at + HEADER;
}

void give_pages(void *context, void *memory) {
    (void)context;
    unsigned char *at = (unsigned char *)memory - HEADER;
    call(UNMAP, (long)at, (long)*(size_t *)at, 0, 0, 0, 0);
}
