/* SPDX-License-Identifier: MIT */
/* Dropout from a counter-based generator: one block of four random words for each four elements. */
#include "opencl.h"

#if WIDTH == 1
typedef uint soma_u32;
#define TO_U32(a) (uint)(a)
#define SOMA_MULHI(a, b) mul_hi((uint)(a), (uint)(b))
#else
typedef PASTE(uint, WIDTH) soma_u32;
#define TO_U32(a) PASTE(convert_uint, WIDTH)(a)
#if WIDTH == 4
typedef ulong2 pairs_of_words;
#define AS_PAIRS(a) as_ulong2(a)
#elif WIDTH == 8
typedef ulong4 pairs_of_words;
#define AS_PAIRS(a) as_ulong4(a)
#else
typedef ulong8 pairs_of_words;
#define AS_PAIRS(a) as_ulong8(a)
#endif
#define AS_WORDS(a) PASTE(as_uint, WIDTH)(a)

/*
 * The high words of the products a b. A product of two vectors of 64 bits is an instruction where mul_hi may not be. One for each half of
 * the pairs of words that b is seen as, since vectors wider than a register are passed to functions in ways that compilers warn of.
 */
static soma_u32 high_words(ulong a, soma_u32 b) {
    const ulong low_word = 0xffffffff;
    const pairs_of_words pairs = AS_PAIRS(b);
    const pairs_of_words low = (pairs & low_word) * a >> 32, high = (pairs >> 32) * a & ~low_word;
    return AS_WORDS(low | high);
}
#define SOMA_MULHI(a, b) high_words(a, b)
#endif
#include "random.h"

#if WIDTH > 1
/* Vector e of the blocks holds the word e of each block: afterwards it holds the blocks one after the other. */
static void line_up(soma_u32 *word) {
    soma_u32 even[2], odd[2];
    even[0].even = word[0].lo, even[0].odd = word[2].lo;
    even[1].even = word[0].hi, even[1].odd = word[2].hi;
    odd[0].even = word[1].lo, odd[0].odd = word[3].lo;
    odd[1].even = word[1].hi, odd[1].odd = word[3].hi;
#pragma unroll
    for (uint i = 0; i < 2; i++) {
        word[2 * i].even = even[i].lo, word[2 * i].odd = odd[i].lo;
        word[2 * i + 1].even = even[i].hi, word[2 * i + 1].odd = odd[i].hi;
    }
}
#endif

/*
 * chunk is a multiple of 4 WIDTH; each work-item handles WIDTH blocks at a time. Element 0 has the number `start`: as many words of its
 * block as lie before it are those of elements that are not here.
 */
KERNEL(GROUP, 1)
void dropout(ARGUMENTS(ulong count, ulong chunk, uint threshold, float scale, uint stream, uint seed_low, uint seed_high, ulong step,
             ulong start, const global float *x, global float *out)) {
    const ulong first = (ulong)GROUP_ID(0) * chunk, end = min(count, first + chunk), before = start % 4;
    for (ulong i = first + get_local_id(0) * 4 * WIDTH; i < end + before; i += GROUP * 4 * WIDTH) {
        soma_u32 word[4];
        word[0] = TO_U32(ELEMENT_NUMBERS) + (uint)(start / 4 + i / 4);
        word[1] = (soma_u32)((uint)step);
        word[2] = (soma_u32)((uint)(step >> 32));
        word[3] = (soma_u32)(stream);
        soma_philox(word, (soma_u32)(seed_low), (soma_u32)(seed_high));
#if WIDTH == 1
#pragma unroll
        for (uint e = 0; e < 4; e++) {
            if (i + e < first + before || i + e >= end + before) continue;
            const ulong at = i + e - before;
            out[at] = word[e] >= threshold ? x[at] * scale : 0.0f;
        }
#else
        line_up(word);
        if (before == 0) {
#pragma unroll
            for (uint e = 0; e < 4; e++) {
                const ulong at = i + e * WIDTH;
                if (at >= end) break;
                const ulong part = min((ulong)WIDTH, end - at);
                const real kept = word[e] >= threshold ? load_part(x + at, part, 0.0f) * scale : R(0.0);
                store_part(kept, out + at, part);
            }
        } else {
            uint words[4 * WIDTH];
            for (uint e = 0; e < 4; e++) PASTE(vstore, WIDTH)(word[e], e, words);
            for (ulong e = max(i, first + before); e < min(i + 4 * WIDTH, end + before); e++)
                out[e - before] = words[e - i] >= threshold ? x[e - before] * scale : 0.0f;
        }
#endif
    }
}
