/* SPDX-License-Identifier: MIT */
/* The objects of a history in lines of JSON, by jansson. */
#include "curve_lines.h"
#include "curve_list.h"
#include <jansson.h>

static exit_status read_members(const char *path, size_t row, json_t *object, struct curves *curves) {
    void *first = json_object_iter(object);
    json_t *step = json_object_iter_value(first);
    if (!json_is_number(step))
        return curves_refuse_line(path, row, "the first member is no number", "an epoch or a step is wanted");
    for (void *at = json_object_iter_next(object, first); at; at = json_object_iter_next(object, at)) {
        const json_t *value = json_object_iter_value(at);
        if (!json_is_number(value)) continue; /* a gap */
        if (!curves_add_named(curves, json_object_iter_key(at), json_number_value(step), json_number_value(value)))
            return fail(STATUS_FAILED, "out of memory");
    }
    return STATUS_DONE;
}

exit_status curve_lines_read(const char *path, size_t row, const char *line, struct curves *curves) {
    json_error_t error;
    json_t *object = json_loads(line, 0, &error);
    exit_status status = json_is_object(object)
                             ? read_members(path, row, object, curves)
                             : curves_refuse_line(path, row, "no object of JSON",
                                                  "each line is one, as the first, in what --history writes");
    json_decref(object);
    return status;
}
