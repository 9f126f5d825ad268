/*
 * Loads libedgernn_jni.so as Android's linker does, without one: load_library LIBRARY MODEL
 *
 * Reads texts, as ids, from standard input, a line each, and prints the probabilities of each. The
 * library may ask for nothing: no other library, no symbol, no relocation but those of its own
 * addresses. Java's side is a table of the functions that the library may call; others end it.
 */
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if UINTPTR_MAX == UINT64_MAX
typedef Elf64_Ehdr header;
typedef Elf64_Phdr segment;
typedef Elf64_Dyn entry;
typedef Elf64_Sym symbol;
typedef Elf64_Rela relocation;
#define TYPE(info) ELF64_R_TYPE(info)
#define RELOCATIONS DT_RELA
#define RELOCATIONS_SIZE DT_RELASZ
#else
typedef Elf32_Ehdr header;
typedef Elf32_Phdr segment;
typedef Elf32_Dyn entry;
typedef Elf32_Sym symbol;
typedef Elf32_Rel relocation;
#define TYPE(info) ELF32_R_TYPE(info)
#define RELOCATIONS DT_REL
#define RELOCATIONS_SIZE DT_RELSZ
#endif

#if defined(__x86_64__)
enum { RELATIVE = R_X86_64_RELATIVE };
#elif defined(__aarch64__)
enum { RELATIVE = R_AARCH64_RELATIVE };
#else
enum { RELATIVE = R_ARM_RELATIVE };
#endif

enum { PAGE = 16384 };

static void stop(const char *why) {
    fprintf(stderr, "load_library: %s\n", why);
    exit(1);
}

static unsigned char *contents(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        stop("a file cannot be read");
    }
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = malloc(*size);
    if (bytes == NULL || fread(bytes, 1, *size, file) != *size) {
        stop("a file cannot be read");
    }
    fclose(file);
    return bytes;
}

/* Where the library lies, and its symbols. */
static unsigned char *base;
static const symbol *symbols;
static const char *names;
static size_t symbol_count;

static void load(const char *path) {
    size_t size;
    const unsigned char *file = contents(path, &size);
    const header *head = (const header *)file;
    const segment *segments = (const segment *)(file + head->e_phoff);
    size_t end = 0;
    const entry *dynamic = NULL;
    for (size_t i = 0; i < head->e_phnum; i++) {
        if (segments[i].p_type == PT_LOAD && segments[i].p_vaddr + segments[i].p_memsz > end) {
            end = segments[i].p_vaddr + segments[i].p_memsz;
        }
    }
    unsigned char *room = mmap(NULL, end + 2 * PAGE, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) {
        stop("no memory for the library");
    }
    base = room + (PAGE - (uintptr_t)room % PAGE) % PAGE;
    for (size_t i = 0; i < head->e_phnum; i++) {
        const segment *one = &segments[i];
        if (one->p_type == PT_LOAD) {
            if (one->p_align < PAGE || (one->p_vaddr - one->p_offset) % PAGE != 0) {
                stop("a segment is not aligned to pages of 16 KB");
            }
            memcpy(base + one->p_vaddr, file + one->p_offset, one->p_filesz);
        } else if (one->p_type == PT_DYNAMIC) {
            dynamic = (const entry *)(base + one->p_vaddr);
        }
    }
    const relocation *relocations = NULL;
    size_t relocations_size = 0;
    for (; dynamic->d_tag != DT_NULL; dynamic++) {
        const unsigned char *at = base + dynamic->d_un.d_ptr;
        switch (dynamic->d_tag) {
        case DT_NEEDED: stop("it needs another library");
        case DT_TEXTREL: stop("its code would have to be changed");
        case DT_INIT: case DT_INIT_ARRAY: stop("it runs code when it is loaded");
        case DT_SYMTAB: symbols = (const symbol *)at; break;
        case DT_STRTAB: names = (const char *)at; break;
        case DT_HASH: symbol_count = ((const uint32_t *)at)[1]; break;
        case RELOCATIONS: relocations = (const relocation *)at; break;
        case RELOCATIONS_SIZE: relocations_size = dynamic->d_un.d_val; break;
        default: break;
        }
    }
    for (size_t i = 0; i < relocations_size / sizeof *relocations; i++) {
        if (TYPE(relocations[i].r_info) != RELATIVE) {
            stop("a relocation of another kind");
        }
        uintptr_t *place = (uintptr_t *)(base + relocations[i].r_offset);
#if UINTPTR_MAX == UINT64_MAX
        *place = (uintptr_t)base + (uintptr_t)relocations[i].r_addend;
#else
        *place += (uintptr_t)base;
#endif
    }
    /* What is written is not run, and what is run is not written. */
    for (size_t i = 0; i < head->e_phnum; i++) {
        if (segments[i].p_type == PT_LOAD && segments[i].p_flags & PF_X) {
            const size_t from = segments[i].p_vaddr / PAGE * PAGE;
            const size_t to = (segments[i].p_vaddr + segments[i].p_memsz + PAGE - 1) / PAGE * PAGE;
            __builtin___clear_cache((char *)base + from, (char *)base + to);
            if (segments[i].p_flags & PF_W ||
                mprotect(base + from, to - from, PROT_READ | PROT_EXEC) != 0) {
                stop("its code cannot be run");
            }
        }
    }
}

static void *function(const char *name) {
    for (size_t i = 1; i < symbol_count; i++) {
        if (symbols[i].st_shndx == SHN_UNDEF) {
            stop("it needs a symbol");
        }
        if (strcmp(names + symbols[i].st_name, name) == 0) {
            return base + symbols[i].st_value;
        }
    }
    fprintf(stderr, "%s: ", name);
    stop("not in the library");
    return NULL;
}

/* An array of Java's, or a direct buffer. */
typedef struct array {
    int32_t length;
    void *data;
} array;

static int32_t length(void *env, array *array) { return (void)env, array->length; }

static void get_bytes(void *env, array *array, int32_t start, int32_t count, char *to) {
    (void)env;
    memcpy(to, (char *)array->data + start, (size_t)count);
}

static void set_bytes(void *env, array *array, int32_t start, int32_t count, const char *from) {
    (void)env;
    memcpy((char *)array->data + start, from, (size_t)count);
}

static void get_ints(void *env, array *array, int32_t start, int32_t count, int32_t *to) {
    (void)env;
    memcpy(to, (int32_t *)array->data + start, (size_t)count * sizeof *to);
}

static void set_floats(void *env, array *array, int32_t start, int32_t count, const float *from) {
    (void)env;
    memcpy((float *)array->data + start, from, (size_t)count * sizeof *from);
}

static void *address(void *env, array *array) { return (void)env, array->data; }

static int64_t capacity(void *env, array *array) { return (void)env, array->length; }

static void other(void) { stop("it calls another function of Java"); }

int main(int count, char **arguments) {
    if (count != 3) {
        stop("usage: load_library LIBRARY MODEL");
    }
    load(arguments[1]);
    /* By the places of Java's specification. */
    void *table[256];
    for (size_t i = 0; i < 256; i++) {
        table[i] = (void *)other;
    }
    table[171] = (void *)length;
    table[200] = (void *)get_bytes;
    table[203] = (void *)get_ints;
    table[208] = (void *)set_bytes;
    table[213] = (void *)set_floats;
    table[230] = (void *)address;
    table[231] = (void *)capacity;
    void *const *pointer = table;
    void *env = &pointer;

    size_t size;
    unsigned char *bytes = contents(arguments[2], &size);
    array file = {(int32_t)size, bytes};
    char line[1 << 16];
    array message = {256, line};
    const int64_t model = ((int64_t(*)(void *, void *, array *, int32_t, array *))function(
        "Java_org_edgernn_NativeEngine_open"))(env, NULL, &file, 0, &message);
    if (model == 0) {
        stop(line);
    }
    free(bytes);
    int32_t (*fact)(void *, void *, int64_t, int32_t) =
        (int32_t(*)(void *, void *, int64_t, int32_t))function(
            "Java_org_edgernn_NativeEngine_fact");
    int32_t (*room)(void *, void *, int64_t, int32_t, int32_t) =
        (int32_t(*)(void *, void *, int64_t, int32_t, int32_t))function(
            "Java_org_edgernn_NativeEngine_memory");
    int32_t (*score)(void *, void *, int64_t, array *, array *, array *, array *) =
        (int32_t(*)(void *, void *, int64_t, array *, array *, array *, array *))function(
            "Java_org_edgernn_NativeEngine_score");
    const int32_t outputs = fact(env, NULL, model, 0);
    static int32_t ids[1 << 14];
    while (fgets(line, sizeof line, stdin) != NULL) {
        int32_t total = 0;
        for (char *at = line, *next; ; at = next) {
            const long id = strtol(at, &next, 10);
            if (next == at) {
                break;
            }
            ids[total++] = (int32_t)id;
        }
        float *given = calloc((size_t)outputs, sizeof *given);
        const int32_t needed = room(env, NULL, model, 1, total);
        array text = {total, ids}, lengths = {1, &total}, found = {outputs, given};
        /* Java's buffers lie anywhere. */
        array memory = {needed, (char *)malloc((size_t)needed + 8) + 8};
        const int32_t status = score(env, NULL, model, &text, &lengths, &found, &memory);
        if (status != 0) {
            printf("status %d\n", (int)status);
        } else {
            for (int32_t i = 0; i < outputs; i++) {
                printf("%.9g ", (double)given[i]);
            }
            printf("\n");
        }
        free((char *)memory.data - 8);
        free(given);
    }
    ((void (*)(void *, void *, int64_t))function("Java_org_edgernn_NativeEngine_close"))(
        env, NULL, model);
    return 0;
}
