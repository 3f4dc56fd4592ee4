"""TensorFlow's converter, ai-edge-quantizer and LiteRT, for the benchmark of quantization.

  peers.py tensorflow SCHEME FLOAT.tflite CALIBRATION.npy OUT.tflite
  peers.py ai-edge-quantizer SCHEME FLOAT.tflite CALIBRATION.npy OUT.tflite
  peers.py litert default|reference MODEL.tflite INPUTS.npy OUTPUTS.npy

SCHEME is int8, dynamic or float16. CALIBRATION.npy holds inputs of the model, one picture after the other. The first
two print one JSON object: seconds of the conversion alone (imports and building the network excluded), by the clock and of
all cores, and the peak of the process's memory in bytes. TensorFlow's converter gets the network as a function of TensorFlow ops that is built
here, op by op, from the float file; ai-edge-quantizer reads the file itself.
"""
import json
import os
import sys
import time

import numpy as np


def read_model(path):
    from tensorflow.lite.python import schema_py_generated as schema

    with open(path, "rb") as file:
        data = file.read()
    return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0)), schema


def names_of(enum):
    return {value: name for name, value in vars(enum).items() if isinstance(value, int)}


def constant(model, tensor):
    buffer = model.buffers[tensor.buffer].data
    if buffer is None or len(buffer) == 0:
        return None
    kinds = {0: np.float32, 2: np.int32, 4: np.int64}
    return np.frombuffer(bytes(bytearray(buffer)), dtype=kinds[tensor.type]).reshape(tensor.shape)


def network(path):
    """The float network of a .tflite file as a function of TensorFlow, and the shape of its input."""
    import tensorflow as tf

    model, schema = read_model(path)
    graph = model.subgraphs[0]
    kinds = names_of(schema.BuiltinOperator)
    activations = {
        0: lambda x: x,
        1: tf.nn.relu,
        3: tf.nn.relu6,
    }
    constants = {i: c for i, t in enumerate(graph.tensors) if (c := constant(model, t)) is not None}

    def run_op(op, x):
        code = model.operatorCodes[op.opcodeIndex]
        kind = kinds[max(code.builtinCode, code.deprecatedBuiltinCode)]
        o = op.builtinOptions
        padding = "SAME" if getattr(o, "padding", 1) == 0 else "VALID"
        fused = activations[getattr(o, "fusedActivationFunction", 0)]
        if kind == "CONV_2D":
            w = np.transpose(x[1], (1, 2, 3, 0))
            y = tf.nn.conv2d(x[0], w, [o.strideH, o.strideW], padding, dilations=[o.dilationHFactor, o.dilationWFactor])
            return fused(tf.nn.bias_add(y, x[2]))
        if kind == "DEPTHWISE_CONV_2D":
            kh, kw, channels = x[1].shape[1:]
            w = np.reshape(x[1], (kh, kw, channels // o.depthMultiplier, o.depthMultiplier))
            y = tf.nn.depthwise_conv2d(x[0], w, [1, o.strideH, o.strideW, 1], padding,
                                       dilations=[o.dilationHFactor, o.dilationWFactor])
            return fused(tf.nn.bias_add(y, x[2]))
        if kind == "FULLY_CONNECTED":
            y = tf.matmul(tf.reshape(x[0], (-1, x[1].shape[1])), np.transpose(x[1]))
            return fused(y if x[2] is None else tf.nn.bias_add(y, x[2]))
        if kind in ("ADD", "SUB", "MUL"):
            return fused({"ADD": tf.add, "SUB": tf.subtract, "MUL": tf.multiply}[kind](x[0], x[1]))
        if kind == "MEAN":
            return tf.reduce_mean(x[0], axis=[int(a) for a in np.ravel(x[1])], keepdims=o.keepDims)
        if kind in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
            pool = tf.nn.avg_pool2d if kind.startswith("AVERAGE") else tf.nn.max_pool2d
            return fused(pool(x[0], [o.filterHeight, o.filterWidth], [o.strideH, o.strideW], padding))
        if kind == "CONCATENATION":
            return fused(tf.concat(x, o.axis))
        if kind == "PAD":
            return tf.pad(x[0], x[1])
        if kind == "RESHAPE":
            return tf.reshape(x[0], graph.tensors[op.outputs[0]].shape)
        if kind == "SOFTMAX":
            return tf.nn.softmax(x[0])
        simple = {"LOGISTIC": tf.sigmoid, "RELU": tf.nn.relu, "RELU6": tf.nn.relu6, "TANH": tf.tanh,
                  "HARD_SWISH": lambda v: v * tf.nn.relu6(v + 3.0) * (1.0 / 6.0)}
        if kind in simple:
            return simple[kind](x[0])
        raise ValueError(f"'{path}' has a {kind}, which peers.py does not build")

    def function(x):
        values = dict(constants)
        values[graph.inputs[0]] = x
        for op in graph.operators:
            values[op.outputs[0]] = run_op(op, [None if i < 0 else values[i] for i in op.inputs])
        return values[graph.outputs[0]]

    return function, [int(d) for d in graph.tensors[graph.inputs[0]].shape]


def tensorflow(scheme, source, pictures):
    import tensorflow as tf

    function, shape = network(source)
    concrete = tf.function(function, input_signature=[tf.TensorSpec(shape, tf.float32)]).get_concrete_function()
    wanted = function(tf.constant(pictures[:1])).numpy()[0]
    stopwatch = Stopwatch()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if scheme == "int8":
        converter.representative_dataset = lambda: ([np.array(picture)[None]] for picture in pictures)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
    elif scheme == "float16":
        converter.target_spec.supported_types = [tf.float16]
    model = converter.convert()
    seconds = stopwatch.read()
    require_same_network(source, pictures[0], wanted)
    return model, seconds


def require_same_network(source, picture, wanted):
    """What is converted must be the network of the file, or the comparison means nothing."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=source)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.array(picture)[None])
    interpreter.invoke()
    own = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
    if not np.allclose(own, wanted, atol=1e-4 * max(1.0, float(np.abs(own).max()))):
        raise ValueError(f"the network built from '{source}' differs from it by {np.abs(own - wanted).max()}")


def ai_edge_quantizer(scheme, source, pictures):
    from ai_edge_quantizer import quantizer, recipe

    stopwatch = Stopwatch()
    q = quantizer.Quantizer(source)
    if scheme == "int8":
        q.load_quantization_recipe(recipe.static_wi8_ai8())
        name = q_input_names(source)[0]
        result = q.calibrate({"serving_default": [{name: pictures[i : i + 1]} for i in range(len(pictures))]}, num_threads=2)
        model = q.quantize(result, enable_progress_report=False).quantized_model
    elif scheme == "dynamic":
        q.load_quantization_recipe(recipe.dynamic_legacy_wi8_afp32())
        model = q.quantize(enable_progress_report=False).quantized_model
    else:
        raise ValueError("ai-edge-quantizer is asked for int8 and dynamic only")
    return bytes(model), stopwatch.read()


def q_input_names(source):
    from ai_edge_litert.interpreter import Interpreter

    return list(Interpreter(model_path=source).get_signature_runner("serving_default").get_input_details())


def litert(kernels, model, inputs, outputs):
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kind = OpResolverType.BUILTIN_REF if kernels == "reference" else OpResolverType.AUTO
    interpreter = Interpreter(model_path=model, experimental_op_resolver_type=kind, num_threads=1)
    interpreter.allocate_tensors()
    results = []
    for value in np.load(inputs, mmap_mode="r"):
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.array(value)[None])
        interpreter.invoke()
        results.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0])
    np.save(outputs, np.stack(results))


class Stopwatch:
    def __init__(self):
        self.start, self.cpu_start = time.perf_counter(), time.process_time()

    def read(self):
        return {"seconds": time.perf_counter() - self.start, "cpu_seconds": time.process_time() - self.cpu_start}


def peak_bytes():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def main(peer, scheme, source, data, out):
    # Their progress bars and warnings go beside the result, where they can be looked up.
    log = os.open(out + ".log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 2)
    if peer == "litert":
        litert(scheme, source, data, out)
        return
    pictures = np.load(data, mmap_mode="r")
    convert = {"tensorflow": tensorflow, "ai-edge-quantizer": ai_edge_quantizer}[peer]
    model, seconds = convert(scheme, source, pictures)
    with open(out, "wb") as file:
        file.write(model)
    print(json.dumps({**seconds, "peak_bytes": peak_bytes()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
