/* SPDX-License-Identifier: MIT */
/* The functions of soma/functions.h as C, in float: their formulas are the table's own text. */
#include "io/c/writer.h"

#define R(x)  x##f
#define EXP   expf
#define EXPM1 expm1f
#define LOG   logf
#define LOG1P log1pf
#define TANH  tanhf
#define ERF   erff
#define SQRT  sqrtf
#define ABS   fabsf
#define FLOOR floorf
#define CEIL  ceilf
#define ROUND rintf
#define SIN   sinf
#define COS   cosf
#define TAN   tanf
#define ASIN  asinf
#define ACOS  acosf
#define ATAN  atanf
#define SINH  sinhf
#define COSH  coshf
#define ASINH asinhf
#define ACOSH acoshf
#define ATANH atanhf

/* Its macros replaced first. */
#define TEXT(...)    #__VA_ARGS__
#define TEXT_OF(...) TEXT(__VA_ARGS__)

static const struct {
    const char *name, *formula;
    int parameters;
} functions[SOMA_FUNCTION_COUNT] = {
#define X(NAME, name, from_output, f, derivative, kinks, parameters, ...) {#name, TEXT_OF(f), parameters},
    SOMA_FUNCTION_TABLE(X)
#undef X
};

soma_c_expression soma_c_apply(soma_c_writer *writer, soma_function function, float a, float b, const char *x) {
    soma_c_expression out;
    if (function == SOMA_IDENTITY) {
        snprintf(out.text, sizeof out.text, "%s", x);
        return out;
    }
    writer->uses[function] = true;
    const soma_c_name name = soma_c_prefixed(writer, functions[function].name);
    const int parameters = functions[function].parameters;
    if (parameters == 0) snprintf(out.text, sizeof out.text, "%s(%.100s)", name.text, x);
    if (parameters == 1) snprintf(out.text, sizeof out.text, "%s(%.100s, %.24s)", name.text, x, soma_c_number(a).text);
    if (parameters == 2)
        snprintf(out.text, sizeof out.text, "%s(%.100s, %.24s, %.24s)", name.text, x, soma_c_number(a).text,
                 soma_c_number(b).text);
    return out;
}

void soma_c_put_functions(soma_c_writer *writer) {
    static const char *const arguments[] = {"float x", "float x, float a", "float x, float a, float b"};
    for (int i = 0; i < SOMA_FUNCTION_COUNT; i++)
        if (writer->uses[i])
            soma_text_append(&writer->file, "static float %s(%s) {\n    return %s;\n}\n\n",
                             soma_c_prefixed(writer, functions[i].name).text, arguments[functions[i].parameters],
                             functions[i].formula);
}
