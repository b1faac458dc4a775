# SPDX-License-Identifier: MIT
"""What comes from outside as arrays that the library takes: arrays of any library, lists, tables; and targets by the loss."""
import array as arrays

from . import _soma

WHOLE = "?bBhHiIqQ"


def _flatten(values, flat):
    """Adds the numbers of nested lists to `flat`; gives their shape."""
    if not isinstance(values, (list, tuple)):
        if hasattr(values, "tolist"):
            return _flatten(values.tolist(), flat)
        if isinstance(values, str) or not hasattr(values, "__float__"):
            raise TypeError(f"numbers are wanted, got {values!r}")
        flat.append(values)
        return ()
    shapes = {_flatten(value, flat) for value in values}
    if len(shapes) > 1:
        raise ValueError(f"the rows of a list have different shapes: {sorted(shapes)[0]} and {sorted(shapes)[1]}")
    return (len(values), *(shapes.pop() if shapes else ()))


def plain(values):
    """What the extension can read: an array of some library as it is, lists as an array."""
    if isinstance(values, _soma.Array):
        return values
    if not isinstance(values, (list, tuple, int, float)):
        if hasattr(values, "to_numpy") and not hasattr(values, "__array__"):
            return values.to_numpy()
        return values
    flat = []
    shape = _flatten(values, flat)
    if not flat:
        raise ValueError("there are no numbers in the list")
    kind = "q" if all(isinstance(number, int) for number in flat) else "d"
    view = memoryview(arrays.array(kind, flat))
    return view.cast("B").cast(kind, shape) if shape else view


def array(values, dtype="float32"):
    """A soma.Array of numbers: borrowed where types and layout allow it, else converted."""
    return _soma.array(plain(values), dtype)


KINDS = {"float32": "f", "float64": "d", "int8": "b", "int16": "h", "int32": "i", "int64": "q",
         "uint8": "B", "uint16": "H", "uint32": "I", "uint64": "Q", "bool": "B"}


def typed(values, dtype):
    """A soma.Array of the type that the numbers have; lists, which have none, are made numbers of this one."""
    if isinstance(values, (list, tuple, int, float)):
        if dtype not in KINDS:
            raise TypeError(f"an array of {dtype} is wanted, got a list")
        flat = []
        shape = _flatten(values, flat)
        if dtype == "bool" and any(number not in (0, 1) for number in flat):
            raise TypeError("truth values are wanted")
        view = memoryview(arrays.array(KINDS[dtype], flat)).cast("B")
        kind = "?" if dtype == "bool" else KINDS[dtype]
        values = view.cast(kind, shape) if shape else view.cast(kind, (1,))
        return _soma.array(values, "") if shape else _soma.array(values, "").reshape(())
    return _soma.array(plain(values), "")


def inputs(x, names=("input",)):
    """A tuple of arrays, one for each input: x is one array, or a list of as many as there are inputs, or a dict by name."""
    if isinstance(x, dict) and set(x) == set(names):
        x = [x[name] for name in names]
    elif len(names) == 1 or not isinstance(x, (list, tuple)) or len(x) != len(names):
        x = [x]
    if len(x) != len(names):
        raise ValueError(f"the network has {len(names)} inputs ({', '.join(names)}): a list of as many arrays is wanted, or a dict")
    return tuple(_input(plain(values)) for values in x)


def _input(values):
    """Bytes stay bytes: the library scales them by 1/255, as it does those of files."""
    shape, kind = _soma.describe(values)
    if not shape:
        raise ValueError("the input is a single number; the first dimension is to be the samples")
    made = _soma.array(values, "uint8" if kind == "B" else "float32")
    return made if len(shape) > 1 else made.reshape((shape[0], 1))


def targets(y, ends, losses):
    """A tuple of arrays, one for each output that has a loss. Whole numbers are classes under a categorical cross-entropy alone."""
    wanted = [(shape, loss) for (_, shape), loss in zip(ends, losses) if loss != "none"]
    names = [name for (name, _), loss in zip(ends, losses) if loss != "none"]
    if isinstance(y, dict) and set(y) == set(names):
        y = [y[name] for name in names]
    elif len(wanted) == 1 or not isinstance(y, (list, tuple)):
        y = [y]
    if len(y) != len(wanted):
        raise ValueError(f"the network is trained on {len(wanted)} outputs: as many targets are wanted, got {len(y)}")
    return tuple(_target(plain(values), *want) for values, want in zip(y, wanted))


def _target(values, shape, loss):
    got, _ = _soma.describe(values)
    one = len(got) == 1 or (len(got) == 2 and got[1] == 1)
    if loss.startswith("categorical") and one:
        return _soma.array(values, "int32").reshape((got[0],))
    made = _soma.array(values, "float32")
    return made.reshape((got[0], *shape)) if one and len(got) != 1 + len(shape) and all(size == 1 for size in shape) else made


def column_names(x):
    """Of a table (pandas, polars); None of what is none."""
    return [str(name) for name in x.columns] if hasattr(x, "columns") and hasattr(x, "__getitem__") else None


def select(x, names):
    """The columns of a table that the network learnt, in its order; others are passed over."""
    there = column_names(x)
    missing = [name for name in names if name not in there]
    if missing:
        raise ValueError(f"the network learnt the columns {', '.join(names)}; the table lacks {', '.join(missing)}")
    if there != list(names):
        places = [there.index(name) for name in names]
        x = x[[list(x.columns)[place] for place in places]]
    words = [name for name, column in zip(names, x.columns) if getattr(x[column].to_numpy().dtype, "kind", "O") in "OUSMm"]
    if words:
        raise TypeError(f"the columns {', '.join(words)} are no numbers; make numbers of them, as by get_dummies(), or leave them out")
    return x


def _flatten_words(values, flat):
    """Adds the words of nested lists to `flat`; gives their shape."""
    if isinstance(values, str):
        flat.append(str(values))
        return ()
    if not isinstance(values, (list, tuple)):
        raise TypeError(f"words are wanted, got {values!r}")
    shapes = {_flatten_words(value, flat) for value in values}
    if len(shapes) > 1:
        raise ValueError(f"the rows of a list have different shapes: {sorted(shapes)[0]} and {sorted(shapes)[1]}")
    return (len(values), *(shapes.pop() if shapes else ()))


def encodable(values):
    """Words as a pair: a tuple of them, and their shape."""
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    if hasattr(values, "tolist"):
        shape, values = tuple(values.shape), values.tolist()
        if 0 in shape:
            return (), shape
    flat = []
    shape = _flatten_words(values, flat)
    return tuple(flat), shape


def words(values):
    """Of such a pair NumPy's array of objects, without NumPy lists."""
    flat, shape = values
    try:
        import numpy
    except ImportError:
        for size in reversed(shape[1:]):
            flat = [flat[first:first + size] for first in range(0, len(flat), size)] if size else flat
        return flat if shape else flat[0]
    made = numpy.empty(len(flat), object)
    made[:] = flat
    return made.reshape(shape)


def result(values):
    """NumPy's array over the same memory where NumPy is there, else the soma.Array."""
    if isinstance(values, tuple):
        return values
    try:
        import numpy
    except ImportError:
        return values
    return numpy.asarray(values)
