# SPDX-License-Identifier: MIT
"""scikit-learn's models as skl2onnx exports them: soma gives the labels that onnxruntime does, and its numbers to 1e-5 of their scale. The models
are trained here, on data by chance; nothing is downloaded. Without the packages all is skipped, and says so.
Seen with scikit-learn 1.9, skl2onnx 1.20 and onnxruntime 1.32: others may export other ops.

Usage: onnx_sklearn.py TOOL [--device=NAME] [WORD...]
(tests/onnx_tool: TOOL run FILE SAMPLES DEVICE, TOOL arrays FILE IN.npz OUT.npz DEVICE; WORD: of models those whose names have one of the words)
"""
import importlib.util
import os
import subprocess
import sys
import tempfile
import warnings

TOLERANCE = 1e-5
SAMPLES = 40


def data(random, classes):
    """Samples of four features, on scales of their own, in as many clusters as there are classes."""
    import numpy
    number = random.integers(0, classes, 200)
    x = random.standard_normal((200, 4)) + random.standard_normal((classes, 4))[number] * 1.5
    return (x * [1, 10, 0.1, 3] + [5, 0, 1, -20]).astype(numpy.float32), number


def models():
    """Name, model that is fitted, samples, options of the export."""
    import numpy
    from sklearn import decomposition, ensemble, impute, linear_model, naive_bayes, neighbors, neural_network, pipeline, preprocessing, svm, tree
    random = numpy.random.default_rng(3)
    x, three = data(random, 3)
    two_x, two = data(random, 2)
    words = numpy.array(["red", "green", "blue"])[three]
    target = x[:, 0] * 2 - x[:, 3] + numpy.sin(x[:, 1])
    gaps = x.copy()
    gaps[random.random(x.shape) < 0.1] = numpy.nan
    scaled = lambda *parts: pipeline.make_pipeline(preprocessing.StandardScaler(), *parts)
    perceptron = lambda: neural_network.MLPClassifier(hidden_layer_sizes=(8,), max_iter=60, random_state=1)
    logistic = lambda: linear_model.LogisticRegression(max_iter=500)
    forest = lambda: ensemble.RandomForestClassifier(12, random_state=1)
    boosting = lambda: ensemble.GradientBoostingClassifier(n_estimators=8, random_state=1)
    yield "MLP classifier", scaled(perceptron()).fit(x, three), x
    yield "MLP classifier, two classes", scaled(perceptron()).fit(two_x, two), two_x
    yield "MLP classifier, words", scaled(perceptron()).fit(x, words), x
    yield "MLP regressor", scaled(neural_network.MLPRegressor(hidden_layer_sizes=(8,), max_iter=60, random_state=1)).fit(x, target), x
    yield "logistic regression", scaled(logistic()).fit(x, three), x
    yield "logistic regression, two classes", scaled(logistic()).fit(two_x, two), two_x
    yield "logistic regression, labels 5, 15, 25", scaled(logistic()).fit(x, three * 10 + 5), x
    yield "logistic regression, words", scaled(logistic()).fit(x, words), x
    yield "pipeline with MinMaxScaler", pipeline.make_pipeline(preprocessing.MinMaxScaler(), logistic()).fit(x, three), x
    yield "pipeline with Normalizer", pipeline.make_pipeline(preprocessing.Normalizer(), logistic()).fit(x, three), x
    yield "pipeline with Normalizer L1", pipeline.make_pipeline(preprocessing.Normalizer("l1"), linear_model.Ridge()).fit(x, target), x
    yield "pipeline with PCA", scaled(decomposition.PCA(2), logistic()).fit(x, three), x
    yield "pipeline with gaps", pipeline.make_pipeline(impute.SimpleImputer(), preprocessing.RobustScaler(), linear_model.Ridge()).fit(gaps, target), gaps
    yield "Binarizer", pipeline.make_pipeline(preprocessing.Binarizer(threshold=0.5), logistic()).fit(x, three), x
    yield "linear regression", linear_model.LinearRegression().fit(x, target), x
    yield "linear regression, two targets", linear_model.LinearRegression().fit(x, numpy.stack([target, x[:, 2]], 1)), x
    yield "decision tree", tree.DecisionTreeClassifier(random_state=1).fit(x, three), x
    yield "random forest", forest().fit(x, three), x
    yield "random forest, two classes", forest().fit(two_x, two), two_x
    yield "random forest, words", forest().fit(x, words), x
    yield "random forest regressor", ensemble.RandomForestRegressor(12, random_state=1).fit(x, target), x
    yield "random forest regressor, two targets", ensemble.RandomForestRegressor(5, random_state=1).fit(x, numpy.stack([target, x[:, 2]], 1)), x
    yield "extra trees", ensemble.ExtraTreesClassifier(12, random_state=1).fit(x, three), x
    yield "gradient boosting", boosting().fit(x, three), x
    yield "gradient boosting, two classes", boosting().fit(two_x, two), two_x
    yield "gradient boosting regressor", ensemble.GradientBoostingRegressor(n_estimators=12, random_state=1).fit(x, target), x
    yield "SVM", scaled(svm.SVC()).fit(x, three), x
    yield "SVM, two classes", scaled(svm.SVC()).fit(two_x, two), two_x
    yield "SVM, words, polynomial", scaled(svm.SVC(kernel="poly", coef0=1)).fit(x, words), x
    yield "SVM, linear", scaled(svm.SVC(kernel="linear")).fit(x, three), x
    yield "SVM, sigmoid", scaled(svm.SVC(kernel="sigmoid")).fit(x, three), x
    yield "categorical Bayes", naive_bayes.CategoricalNB().fit(numpy.abs(x).round().clip(0, 3), three), numpy.abs(x).round().clip(0, 3)
    yield "nearest neighbours", neighbors.KNeighborsClassifier().fit(x, three), x
    yield "nearest neighbours regressor", neighbors.KNeighborsRegressor(3).fit(x, target), x
    yield "AdaBoost regressor", ensemble.AdaBoostRegressor(n_estimators=8, random_state=1).fit(x, target), x
    yield "SVM far from 0", svm.SVC().fit(two_x + 1000, two), two_x + 1000
    yield "SVM regressor", svm.SVR().fit(x, target), x
    yield "linear SVM regressor", svm.LinearSVR().fit(x, target), x
    yield "outliers", svm.OneClassSVM(nu=0.3).fit(x), x


def compute(tool, path, x, device):
    import numpy
    run = subprocess.run([tool, "run", path, str(len(x)), device], input=" ".join(repr(float(v)) for v in x.ravel()), capture_output=True, text=True)
    if run.returncode:
        return run.stderr.strip() or f"rc {run.returncode}"
    return numpy.array([float(line) for line in run.stdout.split()], numpy.float64)


def differ(found, expected, names):
    """In words what is wrong with an output; None where nothing is."""
    import numpy
    if isinstance(found, str):
        return found
    if expected.dtype == object or expected.dtype.kind == "U":  # words are places among the classes
        expected = numpy.array([names.index(word) for word in expected.ravel()])
    if expected.dtype.kind in "iu":
        wrong = int((found != expected.ravel()).sum())
        return f"{wrong} of {len(found)} labels differ" if wrong else None
    expected = expected.astype(numpy.float64).ravel()
    error = numpy.abs(found - expected).max() / max(1.0, numpy.abs(expected).max())
    return None if error <= TOLERANCE else f"error {error:.2g} of the largest number"


def try_model(tool, folder, device, name, model, x, zipmap):
    import numpy
    import onnx
    import onnxruntime
    import skl2onnx
    options = {"zipmap": zipmap} if hasattr(model, "predict_proba") else None
    made = skl2onnx.to_onnx(model, x[:1].astype(numpy.float32), options=options)
    x = x[:SAMPLES].astype(numpy.float32)
    expected = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"X": x})
    names = [str(c) for c in getattr(model, "classes_", [])]
    troubles = []
    for output, values in zip(list(made.graph.output), expected):
        if isinstance(values, list):
            values = numpy.array([[row[key] for key in getattr(model, "classes_")] for row in values])
        one, path = onnx.ModelProto(), os.path.join(folder, "model.onnx")
        one.CopyFrom(made)
        del one.graph.output[:]
        one.graph.output.append(output)
        onnx.save(one, path)
        trouble = differ(compute(tool, path, x, device), values, names)
        if trouble:
            troubles.append(f"{name}, {output.name}: {trouble}")
    return troubles


def of_words():
    """Name, pipeline that is fitted, its inputs by name: words, with some that it has not met, and numbers."""
    import numpy
    import pandas
    from sklearn import compose, ensemble, impute, linear_model, pipeline, preprocessing
    from sklearn.feature_extraction import text
    random = numpy.random.default_rng(5)
    table = pandas.DataFrame({"city": random.choice(["Rome", "Oslo", "Łódź"], 120), "kind": random.choice(["a", "bb"], 120),
                              "age": random.normal(size=120).astype("f4"), "pay": random.normal(size=120).astype("f4")})
    label = numpy.where((table.city == "Rome") ^ (table.age > 0), "yes", "no")
    columns = lambda encoder: compose.ColumnTransformer([("words", encoder, ["city", "kind"]), ("numbers", preprocessing.StandardScaler(), ["age", "pay"])])
    strange = table.replace({"city": {"Oslo": "Atlantis"}, "kind": {"a": ""}})
    ordinal = preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    one_hot = preprocessing.OneHotEncoder(handle_unknown="ignore")
    by_name = lambda given: {name: given[[name]].to_numpy() for name in given.columns}
    yield "OneHotEncoder of columns", pipeline.make_pipeline(columns(one_hot), linear_model.LogisticRegression()).fit(table, label), by_name(strange)
    yield "OrdinalEncoder of columns", pipeline.make_pipeline(columns(preprocessing.OrdinalEncoder()), ensemble.RandomForestClassifier(5, random_state=1)).fit(table, label), by_name(table)
    yield "OrdinalEncoder, unknown words", pipeline.make_pipeline(columns(ordinal), linear_model.LinearRegression()).fit(table, table.pay * 2), by_name(strange)
    two = table[["city", "kind"]].to_numpy(dtype=object)
    yield "OneHotEncoder of an array", pipeline.make_pipeline(preprocessing.OneHotEncoder(handle_unknown="ignore"), linear_model.LogisticRegression()).fit(two, label), {"X": strange[["city", "kind"]].to_numpy(dtype=object)}
    imputed = pipeline.make_pipeline(impute.SimpleImputer(missing_values="", strategy="most_frequent"), preprocessing.OneHotEncoder(handle_unknown="ignore"))
    gaps = table.replace({"kind": {"a": ""}})
    yield "imputer of words", pipeline.make_pipeline(columns(imputed), linear_model.LogisticRegression()).fit(gaps, label), by_name(strange)
    yield "imputer of words alone", impute.SimpleImputer(missing_values="", strategy="most_frequent").fit(gaps[["city", "kind"]].to_numpy(dtype=object)), {"X": strange[["city", "kind"]].to_numpy(dtype=object)}
    texts = numpy.array(["The quick brown fox, the dog", "Hello Łódź, hello", "12 and 3.5 are tokens", "quick quick slow", "brown dogs"] * 4, object)
    found = numpy.array([["The quick dog"], ["hello HELLO Łódź world"], ["xyz"], ["3 tokens, 12 brown"]], object)
    small = dict(lowercase=False)  # lower case is asked of a locale that need not be there
    for name, step in (("CountVectorizer", text.CountVectorizer(**small)), ("TfidfVectorizer", text.TfidfVectorizer(**small)), ("of pairs", text.TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, **small)),
                       ("of characters", text.TfidfVectorizer(analyzer="char", ngram_range=(1, 2), **small)), ("by a pattern", text.CountVectorizer(token_pattern="[a-zA-Z]+", binary=True, **small))):
        yield f"texts, {name}", pipeline.make_pipeline(step, linear_model.LogisticRegression()).fit(texts, numpy.arange(20) % 5 % 2), {"X": found}
    mixed = compose.ColumnTransformer([("text", text.TfidfVectorizer(**small), "text"), ("city", preprocessing.OneHotEncoder(handle_unknown="ignore"), ["city"]), ("age", preprocessing.StandardScaler(), ["age"])])
    beside = table[:20].assign(text=texts)
    given = {"text": found, "city": strange[["city"]][:4].to_numpy(dtype=object), "age": table[["age"]][:4].to_numpy()}
    yield "texts beside words and numbers", pipeline.make_pipeline(mixed, linear_model.LogisticRegression()).fit(beside[["text", "city", "age"]], label[:20]), given
    yield "LabelEncoder", preprocessing.LabelEncoder().fit(table.city), {"X": table.city.to_numpy(dtype=object)}


def try_words(tool, folder, device, name, model, given):
    import numpy
    import onnx
    import onnxruntime
    import skl2onnx
    from skl2onnx.common import data_types
    kind = lambda values: data_types.FloatTensorType if values.dtype == numpy.float32 else data_types.StringTensorType
    types = [(key, kind(values)([None, *values.shape[1:]])) for key, values in given.items()]
    made = skl2onnx.to_onnx(model, initial_types=types, options={"zipmap": False} if hasattr(model, "predict_proba") else None)
    path, inputs, outputs = (os.path.join(folder, file) for file in ("words.onnx", "in.npz", "out.npz"))
    onnx.save(made, path)
    numpy.savez(inputs, **{key: values if values.dtype == numpy.float32 else values.astype("U") for key, values in given.items()})
    run = subprocess.run([tool, "arrays", path, inputs, outputs, device], capture_output=True, text=True)
    if run.returncode:
        return [f"{name}: {run.stderr.strip() or run.returncode}"]
    expected = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"]).run(
        None, {key: values if values.dtype == numpy.float32 else values.astype(object) for key, values in given.items()})
    troubles = []
    with numpy.load(outputs) as found:
        for output, right in zip(made.graph.output, expected):
            values = found[output.name]
            exact = right.dtype.kind in "OUi"
            same = values.shape == right.shape and ((values == right).all() if exact else numpy.abs(values - right).max() <= TOLERANCE * max(1.0, numpy.abs(right).max()))
            if not same:
                troubles.append(f"{name}, {output.name}: {values.ravel()[:4]} for {right.ravel()[:4]}")
    return troubles


def main():
    warnings.filterwarnings("ignore")
    missing = [name for name in ("numpy", "onnx", "onnxruntime", "pandas", "sklearn", "skl2onnx") if importlib.util.find_spec(name) is None]
    if missing:
        print(f"skipped: {', '.join(missing)} not installed")
        return 77
    words = [word for word in sys.argv[2:] if not word.startswith("--")]
    device = next((word.split("=", 1)[1] for word in sys.argv[2:] if word.startswith("--device=")), "cpu")
    troubles, count = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for name, model, x in models():
            if words and not any(word in name for word in words):
                continue
            for zipmap in (False, True) if name in ("logistic regression", "random forest, words") else (False,):
                troubles += try_model(sys.argv[1], folder, device, name, model, x, zipmap)
                count += 1
        for name, model, given in of_words():
            if not words or any(word in name for word in words):
                troubles += try_words(sys.argv[1], folder, device, name, model, given)
                count += 1
    print("\n".join(troubles) or f"{count} models agree with onnxruntime on {device}")
    return 1 if troubles or not count else 0


if __name__ == "__main__":
    sys.exit(main())
