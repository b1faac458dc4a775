/* SPDX-License-Identifier: MIT */
/*
 * Places of the largest elements, which MaxPool finds and MaxUnpool puts elements at. A network puts nothing at places
 * that are computed; but where it knows which windows they were found in, each element of the result looks for what
 * those windows have for it, which are few.
 */
#ifndef SOMA_IO_ONNX_UNPOOL_H
#define SOMA_IO_ONNX_UNPOOL_H

#include "io/onnx/window.h"

struct soma_onnx_pooled {
    soma_onnx_window window;
    soma_onnx_image image; /* that the windows lie in */
    soma_tensor *place;    /* in a channel's image, row by row: of the shape that the pool's result has */
};

/* pool_places.c: the second output of a MaxPool of which the first is `pooled`. */
soma_status soma_onnx_give_places(soma_onnx_node *node, const soma_onnx_image *image, const soma_onnx_window *window,
                                  const soma_tensor *pooled);
/* unpool.c: x, of the shape of a pool's result, at the places that it gives. */
soma_status soma_onnx_unpool(soma_onnx_node *node, soma_tensor *x, const soma_onnx_pooled *pooled, soma_tensor **y);

#endif
