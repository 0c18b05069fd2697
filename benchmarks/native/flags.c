/* The floor: the benchmark's three kinds of flag by hand in C, with nothing that a product needs around them (no
 * counts, no reasons, no reload). Buckets are those of reliakit, so the answers are too.
 *
 * MurmurHash3 x86 32: Austin Appleby, 2011, public domain algorithm.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

enum { STATIC, TEN_PERCENT, RULE };

#define SHARE_10 429496730u  /* round(0.10 * 2^32) */
#define SHARE_25 1073741824u /* round(0.25 * 2^32) */
#define MOST_FLAGS 4096

static struct { int kind; uint32_t salt; } flags[MOST_FLAGS];
static PyObject *index_of; /* dict: key -> position in flags */
static PyObject *plan_name, *country_name, *version_name;

static inline uint32_t rotate(uint32_t x, int by) { return (x << by) | (x >> (32 - by)); }

static inline uint32_t scramble(uint32_t k) { return rotate(k * 0xcc9e2d51u, 15) * 0x1b873593u; }

static uint32_t murmur3(const char *text, Py_ssize_t length, uint32_t h)
{
    const unsigned char *bytes = (const unsigned char *)text;
    Py_ssize_t whole = length & ~(Py_ssize_t)3;
    for (Py_ssize_t i = 0; i < whole; i += 4) {
        uint32_t k;
        memcpy(&k, bytes + i, 4);
        h = rotate(h ^ scramble(k), 13) * 5 + 0xe6546b64u;
    }
    uint32_t rest = 0;
    for (Py_ssize_t i = length; i > whole; i--)
        rest = (rest << 8) | bytes[i - 1];
    h ^= scramble(rest);
    h ^= (uint32_t)length;
    h = (h ^ (h >> 16)) * 0x85ebca6bu;
    h = (h ^ (h >> 13)) * 0xc2b2ae35u;
    return h ^ (h >> 16);
}

static int is(PyObject *value, const char *text)
{
    return value && PyUnicode_Check(value) && PyUnicode_CompareWithASCIIString(value, text) == 0;
}

/* A string `major.minor.patch` that is at least 2.3.0; 2.3.0-rc.1 is not. */
static int recent(PyObject *value)
{
    const char *text = value && PyUnicode_Check(value) ? PyUnicode_AsUTF8(value) : NULL;
    if (!text)
        return 0;
    long part[3] = {0, 0, 0};
    for (int i = 0; i < 3; i++) {
        while (*text >= '0' && *text <= '9')
            part[i] = part[i] * 10 + (*text++ - '0');
        if (*text == '.')
            text++;
    }
    if (part[0] != 2)
        return part[0] > 2;
    if (part[1] != 3)
        return part[1] > 3;
    return part[2] > 0 || *text != '-';
}

static int targeted(PyObject *context)
{
    PyObject *plan = PyDict_GetItemWithError(context, plan_name);
    if (!is(plan, "pro") && !is(plan, "team"))
        return 0;
    PyObject *country = PyDict_GetItemWithError(context, country_name);
    return country && !is(country, "US") && recent(PyDict_GetItemWithError(context, version_name));
}

static PyObject *enabled(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 3 || !PyUnicode_Check(args[1]) || !PyDict_Check(args[2])) {
        PyErr_SetString(PyExc_TypeError, "enabled(key: str, user: str, context: dict)");
        return NULL;
    }
    PyObject *found = PyDict_GetItemWithError(index_of, args[0]);
    if (!found) {
        if (!PyErr_Occurred())
            PyErr_SetObject(PyExc_KeyError, args[0]);
        return NULL;
    }
    long index = PyLong_AsLong(found);
    if (flags[index].kind == STATIC)
        Py_RETURN_TRUE;
    Py_ssize_t length;
    const char *user = PyUnicode_AsUTF8AndSize(args[1], &length);
    if (!user)
        return NULL;
    uint32_t share = flags[index].kind == RULE && targeted(args[2]) ? SHARE_25 : SHARE_10;
    return PyBool_FromLong(murmur3(user, length, flags[index].salt) < share);
}

static PyObject *load(PyObject *self, PyObject *kinds)
{
    PyObject *key, *kind;
    Py_ssize_t position = 0;
    long count = 0;
    if (!PyDict_Check(kinds) || PyDict_Size(kinds) > MOST_FLAGS) {
        PyErr_SetString(PyExc_ValueError, "load(kinds: dict of at most 4096 flags)");
        return NULL;
    }
    PyDict_Clear(index_of);
    while (PyDict_Next(kinds, &position, &key, &kind)) {
        Py_ssize_t length;
        const char *text = PyUnicode_AsUTF8AndSize(key, &length);
        PyObject *at = PyLong_FromLong(count);
        if (!text || !at || PyDict_SetItem(index_of, key, at) < 0) {
            Py_XDECREF(at);
            return NULL;
        }
        Py_DECREF(at);
        flags[count].salt = murmur3(text, length, 0);
        flags[count++].kind = is(kind, "static") ? STATIC : is(kind, "rule") ? RULE : TEN_PERCENT;
    }
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"enabled", (PyCFunction)(void (*)(void))enabled, METH_FASTCALL, "enabled(key, user, context) -> bool"},
    {"load", load, METH_O, "load({key: kind}): replaces the flags"},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "native_flags", NULL, -1, methods};

PyMODINIT_FUNC PyInit_native_flags(void)
{
    index_of = PyDict_New();
    plan_name = PyUnicode_InternFromString("plan");
    country_name = PyUnicode_InternFromString("country");
    version_name = PyUnicode_InternFromString("app_version");
    if (!index_of || !plan_name || !country_name || !version_name)
        return NULL;
    return PyModule_Create(&module);
}
