"""A published network in TensorFlow's own ops, with random weights under the names that its makers gave them.

    python tensorflow_network.py NETWORK FOLDER

writes FOLDER/model.ckpt.* (the variables spoiled, their moving averages right, as an optimizer would leave slots
beside them), FOLDER/input.npy and FOLDER/output.npy, the logits of the averages' network.
"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
v1.disable_eager_execution()
random = np.random.default_rng(5)
relu = tf.nn.relu


def hard_swish(x):
    return x * tf.nn.relu6(x + 3) / 6


def hard_sigmoid(x):
    return tf.nn.relu6(x + 3) / 6


class Net:
    """Variables and layers. `kernel`, `norm`…: what the makers call them."""

    def __init__(self, prefix, norm="", slim=False):
        self.prefix, self.norm_name, self.slim, self.numbers = prefix, norm, slim, {}

    def variable(self, name, values):
        return v1.get_variable(f"{self.prefix}/{name}", initializer=values.astype(np.float32), use_resource=True)

    def numbered(self, scope, kind):
        """tf.layers' names: the second conv2d of a scope is conv2d_1."""
        number = self.numbers[scope, kind] = self.numbers.get((scope, kind), -1) + 1
        return f"{scope}/{kind}" + (f"_{number}" if number else "")

    def norm(self, x, scope, scale=1.0):
        channels = int(x.shape[-1])
        name = f"{scope}/BatchNorm" if self.slim else self.numbered(scope, self.norm_name)
        gamma = self.variable(name + "/gamma", scale * random.uniform(0.5, 1.5, channels))
        beta = self.variable(name + "/beta", random.normal(0, 0.3, channels))
        mean = self.variable(name + "/moving_mean", random.normal(0, 0.3, channels))
        variance = self.variable(name + "/moving_variance", random.uniform(0.5, 1.5, channels))
        return (x - mean) * tf.math.rsqrt(variance + 1e-3) * gamma + beta

    def conv(self, x, scope, filters, kernel, stride=1, bias=False):
        shape = (kernel, kernel, int(x.shape[-1]), filters)
        name = scope if self.slim else self.numbered(scope, "conv2d")
        values = random.normal(0, np.sqrt(2 / np.prod(shape[:3])), shape)
        weights = self.variable(name + ("/weights" if self.slim else "/kernel"), values)
        x = tf.nn.conv2d(x, weights, strides=stride, padding="SAME")
        if bias:
            x += self.variable(name + ("/biases" if self.slim else "/bias"), random.normal(0, 0.3, filters))
        return x

    def depthwise(self, x, scope, kernel, stride):
        shape = (kernel, kernel, int(x.shape[-1]), 1)
        name = (scope + "/depthwise_weights" if self.slim else
                self.numbered(scope, "depthwise_conv2d") + "/depthwise_kernel")
        weights = self.variable(name, random.normal(0, np.sqrt(2) / kernel, shape))
        return tf.nn.depthwise_conv2d(x, weights, strides=[1, stride, stride, 1], padding="SAME")

    def excite(self, x, reduce, expand, squeezed, gate):
        pooled = tf.reduce_mean(x, [1, 2], keepdims=True)
        hidden = relu(self.conv(pooled, reduce, squeezed, 1, bias=True))
        return x * gate(self.conv(hidden, expand, int(x.shape[-1]), 1, bias=True))


def efficientnet_edgetpu_s(x):
    net = Net("efficientnet-edgetpu-S", "tpu_batch_normalization")
    x = relu(net.norm(net.conv(x, "stem", 32, 3, 2), "stem"))
    block = 0
    # repeats, kernel, stride, expansion, declared input, output, fused, skip
    for repeats, kernel, stride, expansion, declared, out, fused, skip in [
        (1, 3, 1, 4, 24, 24, True, False), (2, 3, 2, 8, 24, 32, True, True), (4, 3, 2, 8, 32, 48, True, True),
        (5, 5, 2, 8, 48, 96, False, True), (4, 5, 1, 8, 96, 144, False, True), (2, 5, 2, 8, 144, 192, False, True)]:
        for i in range(repeats):
            scope, before = f"blocks_{block}", x
            expanded, step = (declared if i == 0 else out) * expansion, stride if i == 0 else 1
            if fused:
                x = relu(net.norm(net.conv(x, scope, expanded, kernel), scope))
                x = net.norm(net.conv(x, scope, out, 1, step), scope, 0.3)  # 2019: the stride is on the projection
            else:
                x = relu(net.norm(net.conv(x, scope, expanded, 1), scope))
                x = relu(net.norm(net.depthwise(x, scope, kernel, step), scope))
                x = net.norm(net.conv(x, scope, out, 1), scope, 0.3)
            if skip and step == 1 and before.shape[-1] == x.shape[-1]:
                x = x + before
            block += 1
    return dense(net, relu(net.norm(net.conv(x, "head", 1280, 1), "head")), "head/dense")


def mnasnet_small(x):
    net = Net("mnasnet-small", "batch_normalization")
    x = relu(net.norm(net.conv(x, "mnas_stem", 8, 3, 2), "mnas_stem"))
    block = 0
    # r1_k3_s11_e1_i16_o8, r1_k3_s22_e3_i8_o16, r2_k3_s22_e6_i16_o16, … of mnasnet_models.py: repeats, kernel,
    # stride, expansion, output, squeeze and excite
    for repeats, kernel, stride, expansion, out, squeeze in [
        (1, 3, 1, 1, 8, False), (1, 3, 2, 3, 16, False), (2, 3, 2, 6, 16, False), (4, 5, 2, 6, 32, True),
        (3, 3, 1, 6, 32, True), (3, 5, 2, 6, 88, True), (1, 3, 1, 6, 144, False)]:
        for i in range(repeats):
            scope, before, channels = f"mnas_blocks_{block}", x, int(x.shape[-1])
            step = stride if i == 0 else 1
            if expansion != 1:
                x = relu(net.norm(net.conv(x, scope, channels * expansion, 1), scope))
            x = relu(net.norm(net.depthwise(x, scope, kernel, step), scope))
            if squeeze:
                x = net.excite(x, scope + "/se", scope + "/se", channels // 4, tf.sigmoid)
            x = net.norm(net.conv(x, scope, out, 1), scope, 0.3)
            if step == 1 and channels == out:
                x = x + before
            block += 1
    return dense(net, relu(net.norm(net.conv(x, "mnas_head", 1280, 1), "mnas_head")), "mnas_head/dense")


def divisible(value):
    rounded = max(8, int(value + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * value else rounded


def mobilenet_v3_small(x):
    net = Net("MobilenetV3", slim=True)
    x = hard_swish(net.norm(net.conv(x, "Conv", 16, 3, 2), "Conv"))
    # V3_SMALL of mobilenet_v3.py: expansion, output, kernel, stride, activation, squeeze and excite
    for block, (expansion, out, kernel, stride, activation, squeeze) in enumerate([
        (1, 16, 3, 2, relu, True), (72 / 16, 24, 3, 2, relu, False), (88 / 24, 24, 3, 1, relu, False),
        (4, 40, 5, 2, hard_swish, True), (6, 40, 5, 1, hard_swish, True), (6, 40, 5, 1, hard_swish, True),
        (3, 48, 5, 1, hard_swish, True), (3, 48, 5, 1, hard_swish, True), (6, 96, 5, 2, hard_swish, True),
        (6, 96, 5, 1, hard_swish, True), (6, 96, 5, 1, hard_swish, True)]):
        scope, before, channels = "expanded_conv" + (f"_{block}" if block else ""), x, int(x.shape[-1])
        inner = divisible(channels * expansion)
        if inner > channels:
            x = activation(net.norm(net.conv(x, scope + "/expand", inner, 1), scope + "/expand"))
        x = activation(net.norm(net.depthwise(x, scope + "/depthwise", kernel, stride), scope + "/depthwise"))
        if squeeze:
            x = net.excite(x, scope + "/squeeze_excite/Conv", scope + "/squeeze_excite/Conv_1", divisible(inner / 4),
                           hard_sigmoid)
        x = net.norm(net.conv(x, scope + "/project", out, 1), scope + "/project", 0.3)
        if stride == 1 and channels == out:
            x = x + before
    x = hard_swish(net.norm(net.conv(x, "Conv_1", 576, 1), "Conv_1"))
    x = hard_swish(net.conv(tf.reduce_mean(x, [1, 2], keepdims=True), "Conv_2", 1024, 1, bias=True))
    return net.conv(x, "Logits/Conv2d_1c_1x1", 1001, 1, bias=True)[:, 0, 0, :]


def mobilenet_edgetpu(x):
    net = Net("MobilenetEdgeTPU", slim=True)
    x = relu(net.norm(net.conv(x, "Conv", 32, 3, 2), "Conv"))
    # V3_EDGETPU of mobilenet_v3.py: expansion, output, kernel, stride, fused, skip; the first has nothing to expand
    fused = [(1, 16, 3, 1), (8, 32, 3, 2), *[(4, 32, 3, 1)] * 3, (8, 48, 3, 2), *[(4, 48, 3, 1)] * 3]
    others = [(8, 96, 3, 2), *[(4, 96, 3, 1)] * 3, (8, 96, 3, 1), *[(4, 96, 3, 1)] * 3, (8, 160, 5, 2),
              *[(4, 160, 5, 1)] * 3, (8, 192, 3, 1)]
    for block, (expansion, out, kernel, stride) in enumerate(fused + others):
        scope, before, channels = "expanded_conv" + (f"_{block}" if block else ""), x, int(x.shape[-1])
        inner = channels * expansion
        is_fused = block < len(fused)
        if inner > channels:
            size, step = (kernel, stride) if is_fused else (1, 1)
            x = relu(net.norm(net.conv(x, scope + "/expand", inner, size, step), scope + "/expand"))
        if not is_fused:
            x = relu(net.norm(net.depthwise(x, scope + "/depthwise", kernel, stride), scope + "/depthwise"))
        x = net.norm(net.conv(x, scope + "/project", out, 1), scope + "/project", 0.3)
        if stride == 1 and channels == out and block != 13:  # residual=False
            x = x + before
    x = relu(net.norm(net.conv(x, "Conv_1", 1280, 1), "Conv_1"))
    return net.conv(tf.reduce_mean(x, [1, 2], keepdims=True), "Logits/Conv2d_1c_1x1", 1001, 1, bias=True)[:, 0, 0, :]


def dense(net, x, scope):
    x = tf.reduce_mean(x, [1, 2])
    weights = net.variable(scope + "/kernel", random.normal(0, 0.05, (int(x.shape[-1]), 1001)))
    return tf.matmul(x, weights) + net.variable(scope + "/bias", random.normal(0, 0.1, 1001))


network, folder = sys.argv[1:]
images = v1.placeholder(tf.float32, [1, 224, 224, 3])
output = {"efficientnet-edgetpu-s-2019": efficientnet_edgetpu_s, "mnasnet-small": mnasnet_small,
          "mobilenet-v3-small": mobilenet_v3_small, "mobilenet-edgetpu": mobilenet_edgetpu}[network](images)
variables = v1.global_variables()
average = tf.train.ExponentialMovingAverage(0.9999)
average_op = average.apply(variables)  # starts as the variable
v1.get_variable(variables[0].op.name + "/RMSProp", initializer=tf.ones(variables[0].shape))
v1.train.get_or_create_global_step()
with v1.Session() as session:
    session.run(v1.global_variables_initializer())
    picture = random.uniform(-1, 1, (1, 224, 224, 3)).astype(np.float32)
    np.save(folder + "/input.npy", picture)
    np.save(folder + "/output.npy", session.run(output, {images: picture}))
    session.run([v.assign(tf.zeros(v.shape)) for v in variables])
    v1.train.Saver().save(session, folder + "/model.ckpt", write_meta_graph=False)
