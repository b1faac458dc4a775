/* SPDX-License-Identifier: MIT */
/* The module soma._soma: what soma/__init__.py and the files beside it are made of. */
#include "_soma.h"

PyObject *soma_py_array_type, *soma_py_device_type, *soma_py_dataset_type, *soma_py_network_type, *soma_py_session_type,
    *soma_py_tokenizer_type, *soma_py_memory_type, *soma_py_onnx_session_type, *soma_py_board_type,
    *soma_py_generator_type;

/* names("loss"): {name: [other names]} of an enumeration. */
static PyObject *names(PyObject *module, PyObject *arguments) {
    int which;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "i", &which)) return NULL;
    PyObject *dict = PyDict_New();
    for (int i = 0; dict && i <= SOMA_SOFTMAX; i++) {
        const char *name = soma_name((soma_names)which, i);
        if (!name) continue;
        PyObject *words = PyUnicode_FromString(soma_name_words((soma_names)which, i));
        PyObject *list = words ? PyObject_CallMethod(words, "split", NULL) : NULL;
        Py_XDECREF(words);
        if (soma_py_put(dict, name, list)) Py_CLEAR(dict);
    }
    return dict;
}

static PyObject *version(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    return PyUnicode_FromString(soma_version());
}

static int add_types(PyObject *module) {
    const struct {
        PyObject **type;
        PyType_Spec *spec;
    } types[] = {
        {&soma_py_array_type, soma_py_array_spec()},         {&soma_py_device_type, soma_py_device_spec()},
        {&soma_py_dataset_type, soma_py_dataset_spec()},     {&soma_py_network_type, soma_py_network_spec()},
        {&soma_py_session_type, soma_py_session_spec()},     {&soma_py_memory_type, soma_py_memory_spec()},
        {&soma_py_tokenizer_type, soma_py_tokenizer_spec()}, {&soma_py_onnx_session_type, soma_py_onnx_session_spec()},
        {&soma_py_board_type, soma_py_board_spec()},         {&soma_py_generator_type, soma_py_generator_spec()}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!(*types[i].type = soma_py_add_type(module, types[i].spec))) return -1;
    return 0;
}

PyMODINIT_FUNC PyInit__soma(void);
PyMODINIT_FUNC PyInit__soma(void) {
    static PyMethodDef functions[] = {
        {"version", version, METH_NOARGS, "The version of the library."},
        {"names", names, METH_VARARGS, "Names of an enumeration, each with its other names."},
        {"devices", soma_py_devices, METH_NOARGS, "All devices that there are, usable or not: a list of dicts."},
        {"array", soma_py_array_function, METH_VARARGS,
         "array(object, dtype): borrowed where it can be, else converted."},
        {"describe", soma_py_describe_function, METH_O, "describe(object): its shape, and the kind of its numbers."},
        {NULL, NULL, 0, NULL}};
    static PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "soma._soma", .m_size = -1,
                                     .m_methods = functions};
    PyObject *module = PyModule_Create(&definition);
    if (module && (soma_py_add_errors(module) || add_types(module))) Py_CLEAR(module);
    return module;
}
