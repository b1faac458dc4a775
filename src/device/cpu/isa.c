/* SPDX-License-Identifier: MIT */
/* Choice of the instruction set at run time. */
#include "device/cpu/isa.h"

#include <stdlib.h>
#include <string.h>

/* What planners.c, unary.c and peak.c define for each instruction set. */
#define ISA(name)                                                                                                      \
    extern soma_cpu_planner *const soma_cpu_planners_##name[SOMA_PRIMITIVE_COUNT];                                     \
    soma_cpu_function *soma_cpu_get_function_##name(soma_function function);                                           \
    double soma_cpu_multiply_add_##name(size_t rounds, float *result);                                                 \
    static const soma_cpu_isa name = {#name, soma_cpu_planners_##name, soma_cpu_get_function_##name,                   \
                                      soma_cpu_multiply_add_##name};

ISA(generic)

#ifdef __x86_64__
ISA(avx2)
ISA(avx512)

static bool have_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
static bool have_avx512(void) {
    return have_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}
#endif

const soma_cpu_isa *soma_cpu_isa_get(size_t index) {
    const soma_cpu_isa *found[3] = {&generic, NULL, NULL};
#ifdef __x86_64__
    size_t count = 1;
    if (have_avx2()) found[count++] = &avx2;
    if (have_avx512()) found[count++] = &avx512;
#endif
    return index < SOMA_COUNT_OF(found) ? found[index] : NULL;
}

soma_status soma_cpu_isa_choose(const soma_cpu_isa **isa) {
    const char *wanted = getenv("SOMA_ISA");
    soma_text names = {0};
    if ((!wanted || !*wanted) && !soma_fast_paths()) wanted = soma_cpu_isa_get(0)->name;
    for (size_t i = 0; soma_cpu_isa_get(i); i++) {
        *isa = soma_cpu_isa_get(i);
        if (wanted && *wanted && strcmp((*isa)->name, wanted) == 0) break;
        soma_text_append(&names, "%s%s", i ? ", " : "", (*isa)->name);
        if (wanted && *wanted && !soma_cpu_isa_get(i + 1)) *isa = NULL;
    }
    soma_status status = SOMA_OK;
    if (!*isa)
        status = soma_error(SOMA_INVALID_ARGUMENT, "SOMA_ISA=%s: this machine has %s", wanted,
                            names.data ? names.data : "other ones");
    soma_free(names.data);
    return status;
}
