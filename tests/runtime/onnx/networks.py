"""Makes small ONNX networks with drawn weights, node by node:  networks.py FOLDER

keras_*: as tf2onnx writes Keras's networks (channels last outside, transposed around the convolutions); opset_*: the
forms that ops had in the versions 9 to 21; int8_*: quantized by onnxruntime.quantization, if that is at hand.
Exit code 77: onnx is missing.
"""
import os
import sys

try:
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    print(error)
    sys.exit(77)

TO_FIRST, TO_LAST = [0, 3, 1, 2], [0, 2, 3, 1]


class Net:
    """A network grown node by node."""

    def __init__(self, name, opset, shape, dtype=np.float32):
        self.name, self.opset, self.shape, self.dtype = name, opset, shape, dtype
        self.random = np.random.default_rng(len(name) + opset)
        self.nodes, self.constants, self.count = [], [], 0

    def constant(self, values, typed=False):
        name = f"c{len(self.constants)}"
        values = np.asarray(values)
        if typed:  # the values in float_data or int32_data instead of raw bytes
            kind = helper.np_dtype_to_tensor_dtype(values.dtype)
            self.constants.append(helper.make_tensor(name, kind, values.shape, values.flatten().tolist()))
        else:
            self.constants.append(numpy_helper.from_array(values, name))
        return name

    def weights(self, *shape, low=-0.5, high=0.5, typed=False):
        return self.constant(self.random.uniform(low, high, shape).astype(self.dtype), typed)

    def integers(self, *values):
        return self.constant(np.array(values, np.int64))

    def scalar(self, value):
        return self.constant(np.array(value, self.dtype))

    def __call__(self, op, *inputs, **attributes):
        self.count += 1
        name = f"{op.lower()}_{self.count}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=name, **attributes))
        return name

    def norm(self, x, channels):
        return self("BatchNormalization", x, self.weights(channels), self.weights(channels), self.weights(channels),
                    self.weights(channels, low=0.5, high=1.5), epsilon=1e-3)

    def model(self, output, rank=2):
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(self.dtype))
        graph = helper.make_graph(
            self.nodes, self.name, [helper.make_tensor_value_info("images", kind, self.shape)],
            [helper.make_tensor_value_info(output, kind, [f"d{i}" for i in range(rank)])], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)])
        model.ir_version = 10 if self.opset > 18 else 8
        return model

    def save(self, folder, output, rank=2, **options):
        onnx.save(self.model(output, rank), os.path.join(folder, self.name + ".onnx"), **options)


def axes(net, since, op, x, *values, **attributes):
    """An op whose axes moved from an attribute to an input in version `since`."""
    if net.opset < since:
        return net(op, x, axes=list(values), **attributes)
    return net(op, x, net.integers(*values), **attributes)


def clip(net, x, low, high):
    if net.opset < 11:
        return net("Clip", x, min=low, max=high)
    return net("Clip", x, net.scalar(low), net.scalar(high))


# --- as Keras's networks come out of tf2onnx ------------------------------------------------------------------

def keras_mobilenet(folder, opset):
    """Transposes at both ends, padding as an attribute, folded norms, a pooled head with Squeeze and MatMul."""
    net = Net(f"keras_mobilenet_{opset}", opset, ["batch", 32, 33, 3])
    x = net("Transpose", "images", perm=TO_FIRST)
    x = net("Conv", x, net.weights(8, 3, 3, 3), net.weights(8), strides=[2, 2], auto_pad="SAME_UPPER")
    x = clip(net, x, 0.0, 6.0)
    depth = net.weights(3, 3, 8, 1)  # TensorFlow's layout, turned at run time
    depth = net("Reshape", net("Transpose", depth, perm=[3, 2, 0, 1]), net.integers(8, 1, 3, 3))
    x = net("Conv", x, depth, group=8, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    x = clip(net, net.norm(x, 8), 0.0, 6.0)
    skip = x
    x = net.norm(net("Conv", x, net.weights(8, 8, 1, 1)), 8)
    x = net("Add", x, skip)
    x = net("Transpose", x, perm=TO_LAST)  # out to channels last and back
    x = net("Mul", x, net.weights(8))
    x = net("Transpose", x, perm=TO_FIRST)
    x = axes(net, 18, "ReduceMean", x, 2, 3, keepdims=1)
    x = net("Transpose", x, perm=TO_LAST)
    x = axes(net, 13, "Squeeze", x, 1, 2)
    x = net("Add", net("MatMul", x, net.weights(8, 10)), net.weights(10))
    net.save(folder, net("Softmax", x, axis=-1 if opset >= 13 else 1))


def keras_efficientnet(folder):
    """Rescaling in front, swish as Sigmoid and Mul, squeeze and excitation with Reshape, dense at the end."""
    net = Net("keras_efficientnet", 13, ["batch", 30, 30, 3])
    x = net("Mul", "images", net.scalar(0.5))
    x = net("Sub", x, net.constant(np.array([0.1, 0.2, 0.3], np.float32)))
    x = net("Transpose", x, perm=TO_FIRST)
    x = net("Pad", x, net.integers(0, 0, 0, 0, 0, 0, 1, 1), net.scalar(0.0))
    x = net("Conv", x, net.weights(8, 3, 3, 3), net.weights(8), strides=[2, 2])
    x = net("Mul", x, net("Sigmoid", x))
    s = net("GlobalAveragePool", x)
    s = net("Reshape", net("Transpose", s, perm=TO_LAST), net.integers(-1, 1, 1, 8))
    s = net("Transpose", s, perm=TO_FIRST)
    s = net("Conv", s, net.weights(4, 8, 1, 1), net.weights(4))
    s = net("Mul", s, net("Sigmoid", s))
    s = net("Sigmoid", net("Conv", s, net.weights(8, 4, 1, 1), net.weights(8)))
    x = net("Mul", x, s)
    x = net("Conv", x, net.weights(12, 8, 1, 1), net.weights(12))
    x = net("GlobalAveragePool", x)
    x = axes(net, 13, "Squeeze", x, 2, 3)
    net.save(folder, net("Gemm", x, net.weights(12, 6), net.weights(6)))


def keras_mobilenet_v3(folder):
    """Hard swish as Keras writes it, of Add, Clip and Mul; hard sigmoid of the old Keras."""
    net = Net("keras_mobilenet_v3", 12, [1, 24, 24, 3])
    x = net("Transpose", "images", perm=TO_FIRST)
    x = net("Conv", x, net.weights(8, 3, 3, 3), net.weights(8), strides=[2, 2], auto_pad="SAME_LOWER")
    gate = clip(net, net("Add", x, net.scalar(3.0)), 0.0, 6.0)
    x = net("Mul", x, net("Mul", gate, net.scalar(1 / 6)))
    gate = net("Min", net("Max", net("Add", x, net.scalar(3.0)), net.scalar(0.0)), net.scalar(6.0))
    x = net("Mul", net("Mul", x, gate), net.scalar(1 / 6))
    x = net("Mul", x, net("HardSigmoid", x, alpha=0.2, beta=0.5))
    x = net("Div", clip(net, net("Add", x, net.scalar(3.0)), 0.0, 6.0), net.scalar(6.0))
    x = net("AveragePool", x, kernel_shape=[12, 12])
    x = net("Transpose", x, perm=TO_LAST)
    net.save(folder, net("Reshape", x, net.integers(-1, 8)))


def keras_vgg(folder):
    """Flattened channels last, so that nothing has to be turned at all; norms on channels last."""
    net = Net("keras_vgg", 11, ["batch", 12, 10, 2])
    x = net("Transpose", "images", perm=TO_FIRST)
    x = net("Relu", net("Conv", x, net.weights(6, 2, 3, 3), net.weights(6), auto_pad="SAME_UPPER", strides=[1, 2]))
    x = net("MaxPool", x, kernel_shape=[3, 2], strides=[2, 1], auto_pad="SAME_UPPER")
    x = net("Transpose", x, perm=TO_LAST)
    x = net("Reshape", x, net.integers(-1, 6 * 5 * 6))
    x = net("Add", net("MatMul", x, net.weights(6 * 5 * 6, 7)), net.weights(7))
    net.save(folder, net("Tanh", x))


def keras_dense_map(folder):
    """A Dense layer on a map, a mean over channels last, and Concat along channels last."""
    net = Net("keras_dense_map", 15, [1, 8, 8, 3])
    x = net("Transpose", "images", perm=TO_FIRST)
    x = net("Conv", x, net.weights(4, 3, 3, 3), net.weights(4), pads=[0, 0, 0, 0])
    x = net("Transpose", x, perm=TO_LAST)
    y = net("Add", net("MatMul", x, net.weights(4, 5)), net.weights(5))
    x = net("Concat", x, net("Relu", y), axis=3)
    net.save(folder, net("ReduceMean", x, axes=[1, 2], keepdims=0))


# --- ops in their versions ------------------------------------------------------------------------------------

def opset_mobile(folder, opset):
    net = Net(f"opset_{opset}", opset, ["batch", 3, 17, 19])
    x = net("Conv", "images", net.weights(8, 3, 3, 3, typed=True), strides=[2, 2], pads=[1, 1, 1, 1])
    x = clip(net, net.norm(x, 8), 0.0, 6.0)
    skip = x
    x = net("Conv", x, net.weights(8, 1, 5, 3), net.weights(8), group=8, pads=[2, 1, 2, 1])
    x = net("Relu", x)
    x = net("Conv", x, net.weights(8, 8, 1, 1), net.weights(8))
    x = net("Sum", x, skip, skip)
    x = net("Mul", x, net("Sigmoid", x))
    if opset < 11:
        x = net("Pad", x, pads=[0, 0, 1, 0, 0, 0, 0, 1], value=0.25)
    elif opset < 18:
        x = net("Pad", x, net.integers(0, 0, 1, 0, 0, 0, 0, 1), net.scalar(0.25))
    else:
        x = net("Pad", x, net.integers(1, 0, 0, 1), net.scalar(0.25), net.integers(2, 3))
    x = net("GlobalAveragePool", x)
    # The shape as exporters leave it for an open batch.
    batch = axes(net, 13, "Unsqueeze", net("Gather", net("Shape", x), net.constant(np.array(0, np.int64))), 0)
    x = net("Reshape", x, net("Concat", batch, net.integers(-1), axis=0))
    x = net("Gemm", x, net.weights(5, 8), net.weights(5), transB=1, alpha=0.5, beta=2.0)
    net.save(folder, net("Softmax", x, axis=1))


def opset_pools(folder):
    net = Net("opset_pools", 19, [1, 2, 12, 10])
    x = net("Conv", "images", net.weights(6, 1, 3, 3), net.weights(6), group=2, auto_pad="SAME_UPPER", strides=[1, 2])
    x = net("Mul", x, net.weights(6, 1, 1))
    x = net("MaxPool", x, kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 1, 1])
    y = net("AveragePool", x, kernel_shape=[2, 2], pads=[1, 1, 0, 0], count_include_pad=1)
    z = net("AveragePool", x, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    x = net("Concat", x, y, z, axis=-3)
    x = net("HardSigmoid", x, alpha=1 / 6)
    x = net("Sub", net.scalar(1.0), x)
    y = net("GlobalMaxPool", x)
    x = net("Mul", x, y)
    x = net("Flatten", x)
    x = net("Relu", net("Add", net("MatMul", x, net.weights(18 * 6 * 5, 7)), net.weights(1, 7)))
    net.save(folder, net("Gemm", x, net.weights(7, 4)))


def opset_axes(folder):
    """Softmax over the channels of a map, means with and without axes kept, an output that is a map."""
    net = Net("opset_axes", 13, [1, 3, 7, 6])
    x = net("Conv", "images", net.weights(5, 3, 3, 3), net.weights(5), dilations=[2, 2], pads=[2, 2, 2, 2])
    x = net("Softmax", x, axis=1)
    y = net("ReduceMean", x, axes=[1], keepdims=1)
    z = net("Transpose", net("Transpose", x, perm=[0, 2, 1, 3]), perm=[0, 2, 1, 3])
    net.save(folder, net("Add", net("Mul", x, y), z), rank=4)


def opset_flat_map(folder):
    """A flattened map that more than a matrix reads."""
    net = Net("opset_flat_map", 12, [1, 3, 4, 5])
    x = net("Conv", "images", net.weights(4, 3, 1, 1))
    x = net("Flatten", x)
    x = net("Mul", x, net.weights(1, 80))
    x = net("Add", x, net("Tanh", x))
    net.save(folder, net("Softmax", x, axis=1))


def float16(folder):
    net = Net("float16", 13, [1, 3, 8, 8], np.float16)
    x = net("Conv", "images", net.weights(4, 3, 3, 3, typed=True), net.weights(4))
    x = net("GlobalAveragePool", net("Relu", x))
    x = net("Cast", net("Flatten", x), to=TensorProto.FLOAT)
    x = net("Mul", x, net.constant(np.float32([0.5, 1, 2, 3])))
    net.save(folder, net("Cast", x, to=TensorProto.FLOAT16))


def float16_weights(folder):
    net = Net("float16_weights", 13, [1, 3, 8, 8])
    half = net.constant(net.random.uniform(-1, 1, (4, 3, 3, 3)).astype(np.float16))
    x = net("Conv", "images", net("Cast", half, to=TensorProto.FLOAT), net.weights(4))
    net.save(folder, net("Flatten", net("GlobalAveragePool", net("Relu", x))))


def external(folder):
    net = Net("external", 13, [1, 3, 8, 8])
    x = net("Relu", net("Conv", "images", net.weights(4, 3, 3, 3), net.weights(4)))
    x = net("Gemm", net("Flatten", x), net.weights(144, 5), net.weights(5))
    net.save(folder, x, save_as_external_data=True, location="external.bin", size_threshold=0)


def pixels(folder):
    """uint8 pixels, cast and normalised inside of the network."""
    net = Net("pixels", 13, [1, 8, 8, 3])
    x = net("Cast", "images", to=TensorProto.FLOAT)
    x = net("Div", net("Sub", x, net.scalar(127.5)), net.scalar(127.5))
    x = net("Conv", net("Transpose", x, perm=TO_FIRST), net.weights(4, 3, 3, 3), net.weights(4))
    model = net.model(net("Flatten", net("GlobalAveragePool", x)))
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    onnx.save(model, os.path.join(folder, "pixels.onnx"))


# --- quantized by onnxruntime ---------------------------------------------------------------------------------

def quantizable():
    """ReLU6 residuals, squeeze and excitation, pools, concatenation, hard swish."""
    net = Net("int8", 13, [1, 3, 24, 24])
    x = net("Conv", "images", net.weights(8, 3, 3, 3), net.weights(8), strides=[2, 2], pads=[1, 1, 1, 1])
    x = clip(net, x, 0.0, 6.0)
    skip = x
    x = net("Relu", net("Conv", x, net.weights(8, 1, 3, 3), net.weights(8), group=8, pads=[1, 1, 1, 1]))
    x = net("Add", net("Conv", x, net.weights(8, 8, 1, 1), net.weights(8)), skip)
    s = net("GlobalAveragePool", x)
    s = net("Relu", net("Conv", s, net.weights(4, 8, 1, 1), net.weights(4)))
    s = net("Sigmoid", net("Conv", s, net.weights(8, 4, 1, 1), net.weights(8)))
    x = net("Mul", x, s)
    y = net("AveragePool", x, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    z = net("MaxPool", x, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    x = net("Concat", y, z, x, axis=1)
    x = net("Conv", x, net.weights(12, 24, 1, 1), net.weights(12))
    x = net("Mul", x, net("HardSigmoid", x, alpha=1 / 6))
    x = net("Flatten", net("GlobalAveragePool", x))
    return net.model(net("Gemm", x, net.weights(10, 12), net.weights(10), transB=1))


def quantized(folder):
    try:
        from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    except ImportError as error:
        print(f"no onnxruntime.quantization: {error}")
        return

    class Drawn(CalibrationDataReader):
        def __init__(self):
            random = np.random.default_rng(3)
            self.left = [random.uniform(-1, 1, (1, 3, 24, 24)).astype(np.float32) for _ in range(8)]

        def get_next(self):
            return {"images": self.left.pop()} if self.left else None

    base = os.path.join(folder, "int8_source.onnx")
    onnx.save(quantizable(), base)
    for name, activations, weights, by_channel, options in (
            ("int8_per_tensor", QuantType.QInt8, QuantType.QInt8, False, {}),
            ("int8_per_channel", QuantType.QInt8, QuantType.QInt8, True, {}),
            ("int8_unsigned_activations", QuantType.QUInt8, QuantType.QInt8, True, {}),
            ("int8_symmetric", QuantType.QInt8, QuantType.QInt8, True, {"ActivationSymmetric": True}),
            ("uint8_per_tensor", QuantType.QUInt8, QuantType.QUInt8, False, {})):
        quantize_static(base, os.path.join(folder, name + ".onnx"), Drawn(), quant_format=QuantFormat.QDQ,
                        activation_type=activations, weight_type=weights, per_channel=by_channel, extra_options=options)


def main(folder):
    for opset in (9, 11, 13, 18, 21):
        keras_mobilenet(folder, opset)
    for opset in range(9, 22):
        opset_mobile(folder, opset)
    for make in (keras_efficientnet, keras_mobilenet_v3, keras_vgg, keras_dense_map, opset_pools, opset_axes,
                 opset_flat_map, float16, float16_weights, external, pixels, quantized):
        make(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
