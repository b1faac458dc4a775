/* SPDX-License-Identifier: MIT */
/* DROPOUT: a counter makes four random words, for as many elements. */
#include "device/cpu/kernels.h"
#include "device/cpu/transpose.h"

/* The generator computes with vectors as it would with numbers. */
#define COUNTERS SOMA_LANES
typedef uint32_t soma_words __attribute__((vector_size(4 * COUNTERS)));

/* The high words of 64-bit products. x86 multiplies every second lane: the even ones, then the odd ones moved to their
 * places. */
#if defined(__x86_64__)
#include <immintrin.h>
static inline soma_words multiply_high(uint32_t a, soma_words b) {
#if defined(__AVX512F__)
    __m512i factor = _mm512_set1_epi32((int)a), even = _mm512_mul_epu32(factor, (__m512i)b);
    __m512i odd = _mm512_mul_epu32(factor, _mm512_srli_epi64((__m512i)b, 32));
    return (soma_words)_mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd);
#elif defined(__AVX2__)
    __m256i factor = _mm256_set1_epi32((int)a), even = _mm256_mul_epu32(factor, (__m256i)b);
    __m256i odd = _mm256_mul_epu32(factor, _mm256_srli_epi64((__m256i)b, 32));
    return (soma_words)_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
#else
    const __m128i odd_lanes = _mm_set_epi32(-1, 0, -1, 0);
    __m128i factor = _mm_set1_epi32((int)a), even = _mm_mul_epu32(factor, (__m128i)b);
    __m128i odd = _mm_mul_epu32(factor, _mm_srli_epi64((__m128i)b, 32));
    return (soma_words)_mm_or_si128(_mm_srli_epi64(even, 32), _mm_and_si128(odd, odd_lanes));
#endif
}
#else
typedef uint64_t soma_wide __attribute__((vector_size(8 * COUNTERS)));
static inline soma_words multiply_high(uint32_t a, soma_words b) {
    return __builtin_convertvector((__builtin_convertvector(b, soma_wide) * a) >> 32, soma_words);
}
#endif
#define SOMA_MULHI(a, b) multiply_high(a, b)
#define soma_u32         soma_words
#include "kernels/random.h"
#undef soma_u32
typedef uint32_t soma_u32; /* of the threshold */

/* The words of elements [4 first, 4 (first + COUNTERS)). */
static void random_words(const soma_dropout_params *params, uint32_t first, uint32_t *words) {
    uint32_t counter[COUNTERS];
    for (uint32_t l = 0; l < COUNTERS; l++) counter[l] = first + l;
    const soma_words zero = {0};
    soma_words c[4] = {zero, zero + (uint32_t)params->step, zero + (uint32_t)(params->step >> 32),
                       zero + params->stream};
    memcpy(&c[0], counter, sizeof counter);
    soma_philox(c, zero + (uint32_t)params->seed, zero + (uint32_t)(params->seed >> 32));
    /* Word w of counter l belongs to element 4 l + w. */
    const void *from = c;
    void *to = words;
    for (size_t l = 0; l < COUNTERS; l += 4)
        soma_transpose_quad((const float *)from + l, COUNTERS, (float *)to + 4 * l, 4);
}

/* Elements whose words are made before they are used, so that their use is vector code. */
#define ELEMENTS 64

static void dropout_chunk(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    const soma_dropout_params *params = &call->params.dropout;
    soma_range range = soma_cpu_part(task, soma_view_count(&call->view[1]), SOMA_CPU_CHUNK);
    const float *x = soma_cpu_floats(&call->view[0]);
    float *out = soma_cpu_floats(&call->view[1]), keep = 1.0f - params->rate;
    uint32_t threshold = SOMA_DROPOUT_THRESHOLD(params->rate);
    const size_t before = params->start % 4; /* words of the first counter that are those of elements before the call */
    for (size_t at = range.begin; at < range.end; at += ELEMENTS) {
        uint32_t words[ELEMENTS + 4 * COUNTERS];
        for (size_t i = 0; i < ELEMENTS + before; i += 4 * COUNTERS)
            random_words(params, (uint32_t)(params->start / 4 + (at + i) / 4), words + i);
        size_t count = SOMA_MIN((size_t)ELEMENTS, range.end - at);
        const uint32_t *word = words + before;
        SOMA_INDEPENDENT
        for (size_t i = 0; i < count; i++) out[at + i] = word[i] >= threshold ? x[at + i] / keep : 0.0f;
    }
}

SOMA_CPU_PLANNER(dropout) {
    if (call->view[1].dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    size_t count = soma_view_count(&call->view[1]);
    soma_cpu_add_phase(plan, dropout_chunk, soma_cpu_parts(count, SOMA_CPU_CHUNK));
    plan->nanoseconds = 1.0 * (double)count;
    return SOMA_OK;
}
