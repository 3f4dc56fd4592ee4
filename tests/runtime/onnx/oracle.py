"""Runs the ONNX models of a folder:  oracle.py FOLDER

Checks each NAME.onnx with onnx.checker, and where onnxruntime is installed, draws inputs for it and leaves NAME.in0.npy,
NAME.in1.npy, … and NAME.out.npy in ONNX's layout, and NAME.plain.npy: its outputs when every node is computed as it
stands, nothing fused. engine.txt says whether onnxruntime is installed. Exit code 77: onnx is missing; 1: a model is not valid,
or does not run.
"""
import glob
import os
import sys
import zlib

try:
    import numpy as np
    import onnx
except ImportError as error:
    print(error)
    sys.exit(77)

try:
    import onnxruntime
except ImportError:
    onnxruntime = None


def drawn(value, random):
    kind = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
    shape = [d.dim_value or 1 for d in value.type.tensor_type.shape.dim]
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        return random.integers(limits.min, limits.max, shape, endpoint=True).astype(kind)
    return random.uniform(-1, 1, shape).astype(kind)


def computed(path, model, feed, fused):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    level = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_ALL if fused else level.ORT_DISABLE_ALL
    # Without VNNI, onnxruntime's default integer kernels saturate sums of 16 bits.
    options.add_session_config_entry("session.x64quantprecision", "1")
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session.run([model.graph.output[0].name], feed)[0]


def widened(x):
    return x.astype(np.float32) if x.dtype == np.float16 else x


def run(path):
    onnx.checker.check_model(path, full_check=True)
    if onnxruntime is None:
        return
    base = path.removesuffix(".onnx")
    random = np.random.default_rng(zlib.crc32(os.path.basename(base).encode()))
    model = onnx.load(path)
    known = {tensor.name for tensor in model.graph.initializer}
    feed = {value.name: drawn(value, random) for value in model.graph.input if value.name not in known}
    for i, x in enumerate(feed.values()):
        np.save(f"{base}.in{i}.npy", widened(x))
    np.save(base + ".out.npy", widened(computed(path, model, feed, True)))
    np.save(base + ".plain.npy", widened(computed(path, model, feed, False)))


def main(folder):
    failures = 0
    with open(os.path.join(folder, "engine.txt"), "w") as file:
        file.write("reference" if onnxruntime is None else "onnxruntime")
    for path in sorted(glob.glob(os.path.join(folder, "*.onnx"))):
        try:
            run(path)
        except Exception as error:  # whatever it is, the test shows it
            failures += 1
            print(f"{os.path.basename(path)}: {str(error).splitlines()[0]}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
